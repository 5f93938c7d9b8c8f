/**
 * Rule files: groups of recording and alerting rules, read strictly and checked.
 *
 *   text → yaml-document → decoders → RULE FILE → groups of rules
 *
 * Type errors (unknown fields, wrong kinds) end the reading; otherwise all faults of a file are reported
 * together, each in the original's words: `file: line:column: group "g", rule 1, "name": …`.
 *
 * Invariants
 *  - Only the first YAML document of a file counts.
 *  - A rule that is returned has an expression that parses, and templates that parse (rule-file.test.ts).
 */

import { ConfigError } from "@narthex/config/config-error";
import { decodeDocument, duration, int, optional, text } from "@narthex/config/decode";
import { list, mapOf, object, type Section } from "@narthex/config/decode-section";
import { parseYaml, type ConfigNode, type YamlDocument } from "@narthex/config/yaml-document";
import { TemplateSet } from "@narthex/gotemplate/template";
import { GoFunction } from "@narthex/gotemplate/value";
import { metricNameLabel, quoteGo } from "@narthex/model/labels";
import { isLabelName } from "@narthex/model/metric-name";
import { ParseError } from "@narthex/promql-syntax/parse-error";
import { parseQuery, type ParseOptions } from "@narthex/promql-syntax/parser";

const ruleFields = {
  record: text,
  alert: text,
  expr: text,
  for: duration,
  keep_firing_for: duration,
  labels: mapOf(text),
  annotations: mapOf(text),
} as const;

const groupFields = {
  name: text,
  interval: duration,
  query_offset: optional(duration),
  limit: int,
  rules: list(object("rulefmt.Rule", ruleFields)),
  labels: mapOf(text),
} as const;

const fileSection = object("rulefmt.RuleGroups", { groups: list(object("rulefmt.RuleGroup", groupFields)) });

/** A rule as its file says it: one of `record` and `alert` is not "". Durations are milliseconds. */
export type RuleSection = Section<typeof ruleFields>;
/** A group as its file says it; an interval of 0 and an offset of null stand for the global ones. */
export type RuleGroupSection = Section<typeof groupFields>;

/** A rule file has to be changed. `faults` are the texts of all that is wrong, each with the file's name. */
export class RuleFileError extends Error {
  override readonly name = "RuleFileError";
  readonly code = "RULE_FILE_INVALID";
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(faults.join("\n"));
    this.faults = faults;
  }
}

/** The groups in `content`, which came from `file`. Throws `RuleFileError`. */
export function parseRuleFile(
  content: string,
  file: string,
  syntax: ParseOptions = {},
): readonly RuleGroupSection[] {
  const { groups, document } = decoded(content, file);
  const faults = groupFaults(groups, document, syntax);
  if (faults.length > 0) throw new RuleFileError(faults.map((fault) => `${file}: ${fault}`));
  return groups;
}

function decoded(
  content: string,
  file: string,
): { groups: readonly RuleGroupSection[]; document: YamlDocument } {
  try {
    const document = parseYaml(content, file, "");
    return { groups: decodeDocument(document, fileSection).groups, document };
  } catch (error) {
    if (error instanceof ConfigError) throw new RuleFileError([`${file}: ${error.text}`]);
    throw error;
  }
}

/** The value of `key`, undefined where the file has none. */
function child(node: ConfigNode | null | undefined, key: string): ConfigNode | undefined {
  return node?.kind === "map" ? node.entries.find((entry) => entry.key === key)?.value : undefined;
}

function item(node: ConfigNode | undefined, index: number): ConfigNode | undefined {
  return node?.kind === "list" ? node.items[index] : undefined;
}

function groupFaults(
  groups: readonly RuleGroupSection[],
  document: YamlDocument,
  syntax: ParseOptions,
): string[] {
  const faults: string[] = [];
  const names = new Set<string>();
  for (const [j, group] of groups.entries()) {
    // The original does not know where a group stands, and says so.
    if (group.name === "") faults.push("0:0: Groupname must not be empty");
    if (names.has(group.name)) {
      faults.push(`0:0: groupname: "${group.name}" is repeated in the same file`);
    }
    names.add(group.name);
    faults.push(...labelFaults(group.labels));
    const nodes = child(item(child(document.root, "groups"), j), "rules");
    for (const [i, rule] of group.rules.entries()) {
      const where = `group ${quoteGo(group.name)}, rule ${i + 1}, ${quoteGo(rule.alert || rule.record)}`;
      for (const { places, why } of ruleFaults(rule, syntax)) {
        const at = places.map((key) => `${placeOf(child(item(nodes, i), key), document)}: `);
        faults.push(`${at.join("")}${where}: ${why}`);
      }
    }
  }
  return faults;
}

/** `line:column`; a field that is not there is at 0:0. */
function placeOf(node: ConfigNode | undefined, document: YamlDocument): string {
  if (node === undefined) return "0:0";
  const { line, column } = document.position(node.offset);
  return `${line}:${column}`;
}

/** What is wrong with a rule, and the fields at whose places it is told. */
interface RuleFault {
  readonly places: readonly (keyof RuleSection)[];
  readonly why: string;
}

function ruleFaults(rule: RuleSection, syntax: ParseOptions): RuleFault[] {
  const faults: RuleFault[] = [];
  const add = (why: string, ...places: (keyof RuleSection)[]): void => void faults.push({ places, why });
  if (rule.record !== "" && rule.alert !== "") {
    add("only one of 'record' and 'alert' must be set", "record", "alert");
  }
  if (rule.record === "" && rule.alert === "") {
    add("one of 'record' or 'alert' must be set", "record", "alert");
  }
  const exprFault = expressionFault(rule.expr, syntax);
  if (exprFault !== null) add(exprFault, "expr");
  if (rule.record !== "") for (const why of recordFaults(rule)) add(why, "record");
  for (const why of labelFaults(rule.labels)) add(why);
  for (const name of rule.annotations.keys()) {
    if (!isLabelName(name)) add(`invalid annotation name: ${name}`);
  }
  if (rule.alert !== "") for (const why of templateFaults(rule)) add(why);
  return faults;
}

function expressionFault(expr: string, syntax: ParseOptions): string | null {
  if (expr === "") return "field 'expr' must be set in rule";
  try {
    parseQuery(expr, syntax);
    return null;
  } catch (error) {
    if (error instanceof ParseError) return `could not parse expression: ${error.message}`;
    throw error;
  }
}

function recordFaults(rule: RuleSection): string[] {
  const { record } = rule;
  const faults: string[] = [];
  if (rule.annotations.size > 0) faults.push("invalid field 'annotations' in recording rule");
  if (rule.for !== 0) faults.push("invalid field 'for' in recording rule");
  if (rule.keep_firing_for !== 0) faults.push("invalid field 'keep_firing_for' in recording rule");
  if (!isLabelName(record)) faults.push(`invalid recording rule name: ${record}`);
  if (/[{}]/u.test(record)) {
    faults.push(`braces present in the recording rule name; should it be in expr?: ${record}`);
  }
  return faults;
}

function labelFaults(labels: ReadonlyMap<string, string>): string[] {
  const faults: string[] = [];
  for (const [name, value] of labels) {
    if (!isLabelName(name) || name === metricNameLabel) faults.push(`invalid label name: ${name}`);
    if (!value.isWellFormed()) faults.push(`invalid label value: ${value}`);
  }
  return faults;
}

/** The functions that templates of alerts may name. */
const functionNames = (
  "query first label value strvalue args sortByLabel reReplaceAll match title toUpper toLower stripPort " +
  "stripDomain safeHtml urlQueryEscape humanize humanize1024 humanizeDuration humanizePercentage " +
  "humanizeTimestamp toTime toDuration parseDuration now graphLink tableLink pathPrefix externalURL"
).split(" ");
/** For the parser, which asks for names only: these templates are never executed. */
const namedOnly = new Map(functionNames.map((name) => [name, new GoFunction([], () => null)]));

/** The variables that every template of an alert begins with. */
const templateHead =
  "{{$labels := .Labels}}{{$externalLabels := .ExternalLabels}}" +
  "{{$externalURL := .ExternalURL}}{{$value := .Value}}";

function templateFaults(rule: RuleSection): string[] {
  const faults: string[] = [];
  const check = (kind: string, texts: ReadonlyMap<string, string>): void => {
    for (const [name, value] of texts) {
      try {
        new TemplateSet({ functions: namedOnly }).parse(`__alert_${rule.alert}`, templateHead + value);
      } catch (error) {
        if (!(error instanceof Error) || error.name !== "TemplateSyntaxError") throw error;
        faults.push(`${kind} ${quoteGo(name)}: ${error.message}`);
      }
    }
  };
  check("label", rule.labels);
  check("annotation", rule.annotations);
  return faults;
}
