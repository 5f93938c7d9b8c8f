/**
 * What each rule of a job does to the labels of a target: the answer of `/api/v1/targets/relabel_steps`.
 */

import { Labels } from "@narthex/model/labels";
import { LabelsBuilder } from "@narthex/model/labels-builder";
import { compileRelabelRules, type RelabelRule } from "@narthex/model/relabel";

/** A rule under the names that the API gives its fields. */
export type ShownRule = Readonly<Record<string, string | number | readonly string[]>>;

/** What one rule did. */
export interface RelabelStep {
  readonly rule: ShownRule;
  /** The labels after it; none once a rule dropped the target. */
  readonly output: Labels;
  /** Whether the target is still there. */
  readonly keep: boolean;
}

/** One step per rule. After a rule that drops, the rest is not run: their steps are empty. */
export function relabelSteps(labels: Labels, rules: readonly RelabelRule[]): readonly RelabelStep[] {
  const builder = new LabelsBuilder(labels);
  let keep = true;
  return rules.map((rule) => {
    keep &&= compileRelabelRules([rule])(builder);
    return { rule: shownRule(rule), output: keep ? builder.build() : Labels.empty, keep };
  });
}

function shownRule(rule: RelabelRule): ShownRule {
  const { sourceLabels, separator, regex, modulus, targetLabel, replacement, action } = rule;
  return {
    ...(sourceLabels === null || sourceLabels.length === 0 ? {} : { source_labels: sourceLabels }),
    separator,
    regex: regex ?? "(.*)",
    ...(modulus === 0 ? {} : { modulus }),
    ...(targetLabel === "" ? {} : { target_label: targetLabel }),
    replacement,
    action,
  };
}
