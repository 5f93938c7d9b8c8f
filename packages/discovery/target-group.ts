/**
 * A group of targets as a mechanism found them, before relabelling: what discovery hands to the scrape pools.
 */

import { isLabelName } from "@narthex/model/metric-name";
import { Labels } from "@narthex/model/labels";
import { text, type Decoder } from "@narthex/config/decode";
import { list, mapOf, object, type Section } from "@narthex/config/decode-section";
import { quoteText } from "@narthex/config/scalar";

/** The label that holds where a target is reached. */
export const addressLabel = "__address__";

/** Targets with the labels they share. `source` tells the groups of one mechanism apart. */
export interface TargetGroup {
  readonly source: string;
  /** The labels of each target, `__address__` among them. */
  readonly targets: readonly Labels[];
  /** Labels of all targets of the group; a target's own win. */
  readonly labels: Labels;
}

const groupFields = {
  targets: list(text),
  labels: mapOf(text, (name) => {
    if (!isLabelName(name)) throw new Error(`${quoteText(name)} is not a valid label name`);
  }),
} as const;

/** A group as files write it. */
export type GroupSection = Section<typeof groupFields>;

/** Reads one group of `static_configs` or of a discovery file. */
export const groupSection: Decoder<GroupSection> = object(
  'struct { Targets []string "yaml:\\"targets\\""; Labels model.LabelSet "yaml:\\"labels\\"" }',
  groupFields,
);

/** The group that a section means; `extra` labels are added to its own. */
export function groupFrom(
  section: Pick<GroupSection, "targets" | "labels">,
  source: string,
  extra: readonly (readonly [string, string])[] = [],
): TargetGroup {
  return {
    source,
    targets: section.targets.map((address) => Labels.from([[addressLabel, address]])),
    labels: Labels.from([...section.labels, ...extra]),
  };
}
