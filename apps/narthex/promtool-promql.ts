/**
 * promtool's commands about the query language.
 */

import { readFileSync } from "node:fs";
import { failureText, runScript } from "@narthex/promql/script-test";
import { LabelMatcher, type MatchKind } from "@narthex/model/label-matcher";
import { deleteMatchers, setMatcher } from "@narthex/promql-syntax/edit-matchers";
import type { Expr } from "@narthex/promql-syntax/ast";
import { parseQuery } from "@narthex/promql-syntax/parser";
import { prettyPrint } from "@narthex/promql-syntax/pretty-printer";
import type { Features } from "@narthex/server/feature-flags";
import type { ParsedFlags } from "./flags.ts";

/** What a command works with. */
export interface ToolContext {
  readonly flags: ParsedFlags;
  readonly features: Features;
  /** Writes to standard output. */
  readonly print: (text: string) => void;
  /** Writes to standard error. */
  readonly complain: (text: string) => void;
}

/** `promql format`: the query on as many lines as it needs. */
export function formatQuery(context: ToolContext): number {
  return printQuery(context, (expr) => expr);
}

/** `promql label-matchers set`: every selector of the query gets the matcher. */
export function setQueryMatcher(context: ToolContext): number {
  const { args, flags } = { args: context.flags.args, flags: context.flags };
  const [, name = "", value = ""] = args;
  return printQuery(context, (expr) =>
    setMatcher(expr, new LabelMatcher(flags.text("type") as MatchKind, name, value)),
  );
}

/** `promql label-matchers delete`: every selector loses its matchers of the label. */
export function deleteMatcher(context: ToolContext): number {
  const [, name = ""] = context.flags.args;
  return printQuery(context, (expr) => deleteMatchers(expr, name));
}

/** `test promql`: runs scripts; what fails is told, a line each. */
export function testScripts({ flags, print, complain }: ToolContext): number {
  let isAllRight = true;
  for (const file of flags.args) {
    print(`Unit Testing:  ${file}\n`);
    try {
      const { passed, failures } = runScript(readFileSync(file, "utf8"));
      for (const failure of failures) complain(`  ${failureText(file, failure)}\n`);
      print(
        failures.length === 0
          ? `  SUCCESS: ${passed} passed\n\n`
          : `  FAILED: ${failures.length} of ${passed + failures.length}\n\n`,
      );
      isAllRight &&= failures.length === 0;
    } catch (error) {
      complain(`  ${file}: ${error instanceof Error ? error.message : String(error)}\n`);
      isAllRight = false;
    }
  }
  return isAllRight ? 0 : 1;
}

function printQuery({ flags, features, print, complain }: ToolContext, change: (expr: Expr) => Expr): number {
  try {
    print(`${prettyPrint(change(parseQuery(flags.args[0] ?? "", features.syntax)))}\n`);
    return 0;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    complain(`${error.message}\n`);
    return 1;
  }
}
