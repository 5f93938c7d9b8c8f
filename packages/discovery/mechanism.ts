/**
 * What a service discovery mechanism is: it runs until told to stop, and reports groups of targets as they
 * change.
 */

import type { Clock } from "@narthex/platform/clock";
import type { Disk } from "@narthex/platform/disk";
import type { Logger } from "@narthex/platform/logger";
import type { StartWatch } from "@narthex/platform/watch";
import type { DiscoveryMetrics } from "./discovery-metrics.ts";
import type { TargetGroup } from "./target-group.ts";

/** Takes groups that are new or changed; a group without targets removes the one of the same source. */
export type UpdateGroups = (groups: readonly TargetGroup[]) => void;

/** The world as mechanisms see it. */
export interface MechanismContext {
  readonly clock: Clock;
  readonly disk: Disk;
  readonly watch: StartWatch;
  readonly logger: Logger;
  readonly metrics: DiscoveryMetrics;
}

/** A mechanism, made from its section of the configuration. */
export interface Mechanism {
  /**
   * Reports through `update` until `signal` aborts; then resolves. Operating errors are logged and counted.
   */
  run(update: UpdateGroups, signal: AbortSignal): Promise<void>;
}

/** A section of the configuration that asks for a mechanism. */
export interface MechanismConfig {
  /** The mechanism's name: `static`, `file`, …. */
  readonly name: string;
  /** Equal for equal sections: such share one running mechanism, also across reloads. */
  readonly identity: string;
  create(context: MechanismContext): Mechanism;
}
