/**
 * Writes a section back as YAML, the way a Go program prints its configuration: two blanks per level, list
 * items at the level of their key.
 */

import { stringify } from "yaml";
import type { Printed } from "./decode.ts";

/** `data` as a YAML document. */
export function printYaml(data: Printed): string {
  return stringify(data, {
    indent: 2,
    indentSeq: false,
    lineWidth: 0,
    version: "1.1",
    aliasDuplicateObjects: false,
  });
}
