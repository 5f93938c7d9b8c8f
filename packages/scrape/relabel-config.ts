/**
 * Sections of `relabel_configs` and `metric_relabel_configs`, read and turned into rules.
 */

import { convert, optional, shown, text, uint64, withDefault, type Decoder } from "@narthex/config/decode";
import { list, object, type Section } from "@narthex/config/decode-section";
import { SectionError } from "@narthex/config/decoding";
import { quoteText } from "@narthex/config/scalar";
import { isLabelName, type NameScheme } from "@narthex/model/metric-name";
import {
  compileRelabelRules,
  relabelAction,
  validateRelabelRule,
  type RelabelAction,
  type Relabeling,
  type RelabelRule,
} from "@narthex/model/relabel";

const action: Decoder<RelabelAction | ""> = convert(text, "", (value) =>
  value === "" ? "" : relabelAction(value),
);

const labelName: Decoder<string> = convert(text, "", (value) => {
  if (!isLabelName(value)) throw new Error(`${quoteText(value)} is not a valid label name`);
  return value;
});

/** A pattern; null when not written, "" when written as null. */
const pattern: Decoder<string | null> = {
  goType: "relabel.Regexp",
  initial: null,
  zero: "",
  decode: (node, decoding) => text.decode(node, decoding),
  print: (value) => value ?? undefined,
};

const fields = {
  source_labels: optional(list(labelName)),
  separator: shown(withDefault(text, ";")),
  regex: pattern,
  modulus: uint64,
  target_label: text,
  replacement: shown(withDefault(text, "$1")),
  action: withDefault(action, "replace"),
} as const;

/** One rule as written. */
export type RelabelSection = Section<typeof fields>;

/** Reads one rule. */
export const relabelSection: Decoder<RelabelSection> = object("relabel.plain", fields);

/**
 * The rules of some sections, ready to run; null without rules. Throws `SectionError` in the original's
 * words.
 */
export function relabeling(sections: readonly RelabelSection[], nameScheme: NameScheme): Relabeling | null {
  return sections.length === 0 ? null : compileRelabelRules(relabelRules(sections, nameScheme));
}

/** The rules of some sections, checked. Throws `SectionError` in the original's words. */
export function relabelRules(
  sections: readonly RelabelSection[],
  nameScheme: NameScheme,
): readonly RelabelRule[] {
  return sections.map((section) => {
    try {
      return ruleOf(section, nameScheme);
    } catch (cause) {
      throw new SectionError(section, (cause as Error).message, { cause });
    }
  });
}

function ruleOf(section: RelabelSection, nameScheme: NameScheme): RelabelRule {
  if (section.action === "") throw new Error("relabel action cannot be empty");
  const rule: RelabelRule = {
    action: section.action,
    sourceLabels: section.source_labels,
    separator: section.separator,
    regex: section.regex,
    modulus: section.modulus,
    targetLabel: section.target_label,
    replacement: section.replacement,
    nameScheme,
  };
  validateRelabelRule(rule);
  return rule;
}
