/**
 * Groups of targets as JSON: what discovery files and HTTP servers hand over. Read by the runtime's own
 * parser, which is far faster than ours for YAML, and then held to the same shape.
 */

import { isLabelName } from "@narthex/model/metric-name";
import { quoteGo } from "@narthex/model/labels";
import type { GroupSection } from "./target-group.ts";

/** Reads a list of groups. Throws in the original's words when it is none. */
export function groupsFromJson(content: string): readonly GroupSection[] {
  const data: unknown = JSON.parse(content);
  if (data === null) return [];
  if (!Array.isArray(data))
    throw new Error("json: cannot unmarshal object into Go value of type []*targetgroup.Group");
  return data.map(jsonGroup);
}

function jsonGroup(item: unknown): GroupSection {
  if (item === null) throw new Error("nil target group item found");
  const wrong = (field: string): Error => new Error(`json: cannot unmarshal into Go struct field .${field}`);
  if (typeof item !== "object" || Array.isArray(item)) throw wrong("group");
  for (const key of Object.keys(item)) {
    if (key !== "targets" && key !== "labels") throw new Error(`json: unknown field ${quoteGo(key)}`);
  }
  const { targets, labels } = item as { targets?: unknown; labels?: unknown };
  const addresses = targets ?? [];
  if (!Array.isArray(addresses) || addresses.some((address) => typeof address !== "string"))
    throw wrong("targets");
  const entries = Object.entries(labels ?? {});
  for (const [name, value] of entries) {
    if (!isLabelName(name)) throw new Error(`${quoteGo(name)} is not a valid label name`);
    if (typeof value !== "string") throw wrong("labels");
  }
  return { targets: addresses as string[], labels: new Map(entries as [string, string][]) };
}
