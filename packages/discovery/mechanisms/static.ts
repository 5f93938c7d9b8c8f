/**
 * Targets that are written in the configuration itself: `static_configs`.
 */

import type { MechanismConfig } from "../mechanism.ts";
import { groupFrom, type GroupSection } from "../target-group.ts";

/** All static groups of one scrape job as one mechanism; their sources are "0", "1", …. */
export function staticMechanism(sections: readonly GroupSection[]): MechanismConfig {
  const groups = sections.map((section, index) => groupFrom(section, String(index)));
  return {
    name: "static",
    identity: `static ${JSON.stringify(sections.map(({ targets, labels }) => [targets, [...labels]]))}`,
    create: () => ({
      run: (update) => {
        update(groups);
        return Promise.resolve();
      },
    }),
  };
}
