/**
 * `narthex promtool`: tools around the server, with the original's command line and exit codes: 0 when all is
 * well, 1 when it is not.
 *
 *   flags → command (promtool-promql.ts, …) → exit code
 */

import { readFeatures } from "@narthex/server/feature-flags";
import { parseFlags, ParsedFlags } from "./flags.ts";
import {
  deleteMatcher,
  formatQuery,
  setQueryMatcher,
  testScripts,
  type ToolContext,
} from "./promtool-promql.ts";
import { promtoolProgram } from "./promtool-table.ts";

type Tool = (context: ToolContext) => number | Promise<number>;

/** What each command does. */
const tools: Readonly<Record<string, Tool>> = {
  "test promql": testScripts,
  "promql format": experimental(formatQuery),
  "promql label-matchers set": experimental(setQueryMatcher),
  "promql label-matchers delete": experimental(deleteMatcher),
};

function experimental(tool: Tool): Tool {
  return (context) => {
    if (context.flags.isOn("experimental")) return tool(context);
    context.complain("This command is experimental and requires the --experimental flag to be set.\n");
    return 1;
  };
}

/** Runs one command. */
export async function run(args: readonly string[]): Promise<number> {
  const flags = parseFlags(promtoolProgram, args);
  if (!(flags instanceof ParsedFlags)) {
    (flags.exitCode === 0 ? process.stdout : process.stderr).write(flags.text);
    return flags.exitCode;
  }
  const { features, notices } = readFeatures(flags.list("enable-feature"));
  const print = (text: string): void => void process.stdout.write(text);
  for (const { fields } of notices.filter(({ message }) => message.startsWith("Unknown"))) {
    print(`  WARNING: Unknown feature passed to --enable-feature: ${String(fields?.["option"])}`);
  }
  const tool = tools[flags.command] as Tool;
  return tool({ flags, features, print, complain: (text) => void process.stderr.write(text) });
}
