/**
 * Relabelling: rules that rewrite, keep or drop label sets. Of targets after discovery, of samples after a
 * scrape, of series before they are sent, of alerts before they are notified.
 *
 *   config → RelabelRule (validated) → compileRelabelRules → applied to a LabelsBuilder
 *
 * Rules run in order; the first that drops ends it.
 */

import { unreachable } from "@narthex/platform/assert";
import { md5 } from "@narthex/bytes/md5";
import { type CapturingRegex, compileCapturing } from "@narthex/regex/capturing";
import { expand, hasReference } from "@narthex/regex/expand";
import { type Labels, quoteGo } from "./labels.ts";
import { LabelsBuilder } from "./labels-builder.ts";
import { isLabelName, type NameScheme } from "./metric-name.ts";

/** What a rule does. */
export const relabelActions = [
  "replace",
  "keep",
  "drop",
  "keepequal",
  "dropequal",
  "hashmod",
  "labelmap",
  "labeldrop",
  "labelkeep",
  "lowercase",
  "uppercase",
] as const;

/** One of the actions. */
export type RelabelAction = (typeof relabelActions)[number];

/** One rule. Fields that were not written hold the values of `defaultRelabelRule`. */
export interface RelabelRule {
  readonly action: RelabelAction;
  /** Labels whose values are joined; null when not written. */
  readonly sourceLabels: readonly string[] | null;
  readonly separator: string;
  /** RE2, anchored; null when not written: `(.*)`. */
  readonly regex: string | null;
  /** Divisor of `hashmod`; 0 when not written. */
  readonly modulus: number;
  readonly targetLabel: string;
  /** Template, see regex/expand. */
  readonly replacement: string;
  /** Which names the rule may write. */
  readonly nameScheme: NameScheme;
}

/** A rule of which nothing is written. */
export const defaultRelabelRule: RelabelRule = {
  action: "replace",
  sourceLabels: null,
  separator: ";",
  regex: null,
  modulus: 0,
  targetLabel: "",
  replacement: "$1",
  nameScheme: "utf8",
};

/** A rule that cannot be. The message is the original's. */
export class RelabelError extends Error {
  override readonly name = "RelabelError";
}

/** The action a word names, in any case. Throws `RelabelError`. */
export function relabelAction(word: string): RelabelAction {
  const action = relabelActions.find((known) => known === word.toLowerCase());
  if (action === undefined) throw new RelabelError(`unknown relabel action ${quoteGo(word)}`);
  return action;
}

const writesTarget: ReadonlySet<RelabelAction> = new Set([
  "replace",
  "hashmod",
  "lowercase",
  "uppercase",
  "keepequal",
  "dropequal",
]);
const takesNoTemplate: ReadonlySet<RelabelAction> = new Set([
  "lowercase",
  "uppercase",
  "keepequal",
  "dropequal",
]);

/** What a legacy name with references may look like. */
const legacyTemplate = /^(?:(?:[a-zA-Z_]|\$(?:\{\w+\}|\w+))+\w*)+$/u;

/**
 * Throws `RelabelError` for the first thing that is wrong with the rule, and `RegexError` for its pattern.
 */
export function validateRelabelRule(rule: RelabelRule): void {
  const { action, modulus, targetLabel, replacement, regex, nameScheme } = rule;
  if (regex !== null) compileCapturing(regex);
  if (modulus === 0 && action === "hashmod") {
    throw new RelabelError("relabel configuration for hashmod requires non-zero modulus");
  }
  if (writesTarget.has(action) && targetLabel === "") {
    throw new RelabelError(`relabel configuration for ${action} action requires 'target_label' value`);
  }
  if (writesTarget.has(action)) {
    const isTemplate = action === "replace" && hasReference(targetLabel);
    const isValid = isTemplate
      ? isNameTemplate(targetLabel, nameScheme)
      : isLabelName(targetLabel, nameScheme);
    if (!isValid)
      throw new RelabelError(`${quoteGo(targetLabel)} is invalid 'target_label' for ${action} action`);
  }
  if (takesNoTemplate.has(action) && replacement !== defaultRelabelRule.replacement) {
    throw new RelabelError(`'replacement' can not be set for ${action} action`);
  }
  if (action === "labelmap" && !isNameTemplate(replacement, nameScheme)) {
    throw new RelabelError(`${quoteGo(replacement)} is invalid 'replacement' for ${action} action`);
  }
  requireNoOthers(rule);
}

function isNameTemplate(template: string, scheme: NameScheme): boolean {
  return scheme === "utf8" ? isLabelName(template) : legacyTemplate.test(template);
}

/** Some actions take one or two fields and refuse all others. */
function requireNoOthers({
  action,
  sourceLabels,
  separator,
  regex,
  modulus,
  targetLabel,
  replacement,
}: RelabelRule): void {
  const plain =
    separator === defaultRelabelRule.separator &&
    modulus === 0 &&
    replacement === defaultRelabelRule.replacement;
  if ((action === "dropequal" || action === "keepequal") && !(plain && regex === null)) {
    throw new RelabelError(
      `${action} action requires only 'source_labels' and \`target_label\`, and no other fields`,
    );
  }
  const onlyRegex = plain && sourceLabels === null && targetLabel === "";
  if ((action === "labeldrop" || action === "labelkeep") && !onlyRegex) {
    throw new RelabelError(`${action} action requires only 'regex', and no other fields`);
  }
}

/**
 * Rules made ready to run. Applies them to `builder`; false: the set is dropped, and the builder's content
 * void.
 */
export type Relabeling = (builder: LabelsBuilder) => boolean;

/** Makes validated rules ready to run. */
export function compileRelabelRules(rules: readonly RelabelRule[]): Relabeling {
  const steps = rules.map(compileRule);
  return (builder) => steps.every((step) => step(builder));
}

/** The labels after the rules, or null when they are dropped. */
export function relabel(labels: Labels, relabeling: Relabeling): Labels | null {
  const builder = new LabelsBuilder(labels);
  return relabeling(builder) ? builder.build() : null;
}

function compileRule(rule: RelabelRule): Relabeling {
  const { action, targetLabel: target } = rule;
  const regex = compileCapturing(rule.regex ?? "(.*)");
  const source = joinedSource(rule);
  switch (action) {
    case "replace":
      return replaceStep(rule, regex, source);
    case "keep":
      return (builder) => regex.matches(source(builder));
    case "drop":
      return (builder) => !regex.matches(source(builder));
    case "keepequal":
      return (builder) => builder.get(target) === source(builder);
    case "dropequal":
      return (builder) => builder.get(target) !== source(builder);
    case "hashmod":
      return always((builder) => builder.set(target, hashModulo(source(builder), rule.modulus)));
    case "lowercase":
      return always((builder) => builder.set(target, lowerCase(source(builder))));
    case "uppercase":
      return always((builder) => builder.set(target, upperCase(source(builder))));
    case "labelmap":
      return always((builder) => mapLabels(builder, regex, rule.replacement));
    case "labeldrop":
      return always((builder) => deleteLabels(builder, (name) => regex.matches(name)));
    case "labelkeep":
      return always((builder) => deleteLabels(builder, (name) => !regex.matches(name)));
    default:
      return unreachable(action);
  }
}

function always(change: (builder: LabelsBuilder) => void): Relabeling {
  return (builder) => {
    change(builder);
    return true;
  };
}

/** The source labels' values, joined. */
function joinedSource({ sourceLabels, separator }: RelabelRule): (builder: LabelsBuilder) => string {
  const names = sourceLabels ?? [];
  const [only] = names;
  if (only === undefined) return () => "";
  if (names.length === 1) return (builder) => builder.get(only);
  return (builder) => {
    let joined = builder.get(only);
    for (let i = 1; i < names.length; i++) joined += separator + builder.get(names[i]);
    return joined;
  };
}

function replaceStep(
  rule: RelabelRule,
  regex: CapturingRegex,
  source: (builder: LabelsBuilder) => string,
): Relabeling {
  const { targetLabel, replacement, nameScheme } = rule;
  if (!hasReference(targetLabel) && !hasReference(replacement)) {
    return always((builder) => {
      if (regex.matches(source(builder))) builder.set(targetLabel, replacement);
    });
  }
  return always((builder) => {
    const match = regex.match(source(builder));
    if (match === null) return;
    const target = expand(targetLabel, match);
    if (isLabelName(target, nameScheme)) builder.set(target, expand(replacement, match));
  });
}

function mapLabels(builder: LabelsBuilder, regex: CapturingRegex, replacement: string): void {
  const entries = builder.entries();
  for (let i = 0; i < entries.length; i += 2) {
    const match = regex.match(entries[i]);
    if (match !== null) builder.set(expand(replacement, match), entries[i + 1]);
  }
}

function deleteLabels(builder: LabelsBuilder, isDeleted: (name: string) => boolean): void {
  const entries = builder.entries();
  for (let i = 0; i < entries.length; i += 2) {
    if (isDeleted(entries[i])) builder.delete(entries[i]);
  }
}

const encoder = new TextEncoder();

/** The last 8 bytes of the MD5 of `text`, as an unsigned big-endian number, modulo `modulus`. */
function hashModulo(text: string, modulus: number): string {
  const digest = md5(encoder.encode(text));
  const view = new DataView(digest.buffer);
  return String(view.getBigUint64(8) % BigInt(modulus));
}

function lowerCase(text: string): string {
  return mapCase(text, (char) => (char === "İ" ? "i" : char.toLowerCase()));
}

function upperCase(text: string): string {
  return mapCase(text, (char) => char.toUpperCase());
}

/** Go maps one character to one character: `ß` has no capital, and a final sigma is like any other. */
function mapCase(text: string, map: (char: string) => string): string {
  let mapped = "";
  for (const char of text) {
    const other = map(char);
    mapped += Array.from(other).length === 1 ? other : char;
  }
  return mapped;
}
