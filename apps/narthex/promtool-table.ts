/**
 * The command line of `narthex promtool`: names, flags and help texts are the original's.
 */

import { existsSync } from "node:fs";
import { versionText } from "@narthex/server/build-info";
import type { Argument, ProgramTable } from "./program-table.ts";

/** Refuses a path that is none. */
function existing(path: string): string | null {
  return existsSync(path) ? null : `path '${path}' does not exist`;
}

const query: Argument = { name: "query", help: "PromQL query.", isRequired: true };

/** All of it. */
export const promtoolProgram: ProgramTable = {
  name: "promtool",
  help: "Tooling for the Prometheus monitoring system.",
  version: versionText("promtool"),
  flags: [
    { name: "experimental", isSwitch: true, default: "false", help: "Enable experimental commands." },
    {
      name: "enable-feature",
      isRepeatable: true,
      placeholder: "",
      help:
        "Comma separated feature names to enable. Valid options: promql-experimental-functions, " +
        "promql-delayed-name-removal, promql-extended-range-selectors. See " +
        "https://prometheus.io/docs/prometheus/latest/feature_flags/ for more details",
    },
  ],
  commands: [
    {
      name: "test",
      help: "Unit testing.",
      commands: [
        {
          name: "promql",
          help: "Run test scripts of PromQL.",
          args: [
            {
              name: "script-file",
              help: "The test script.",
              isRequired: true,
              isRepeatable: true,
              check: existing,
            },
          ],
        },
      ],
    },
    {
      name: "promql",
      help: "PromQL formatting and editing. Requires the --experimental flag.",
      commands: [
        { name: "format", help: "Format PromQL query to pretty printed form.", args: [query] },
        {
          name: "label-matchers",
          help: "Edit label matchers contained within an existing PromQL query.",
          commands: [
            {
              name: "set",
              help: "Set a label matcher in the query.",
              flags: [
                {
                  name: "type",
                  short: "t",
                  default: "=",
                  choices: ["=", "!=", "=~", "!~"],
                  help: "Type of the label matcher to set.",
                },
              ],
              args: [
                query,
                { name: "name", help: "Name of the label matcher to set.", isRequired: true },
                { name: "value", help: "Value of the label matcher to set.", isRequired: true },
              ],
            },
            {
              name: "delete",
              help: "Delete a label from the query.",
              args: [query, { name: "name", help: "Name of the label to delete.", isRequired: true }],
            },
          ],
        },
      ],
    },
  ],
};
