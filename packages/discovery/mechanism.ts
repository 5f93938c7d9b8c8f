/**
 * What a service discovery mechanism is: it runs until told to stop, and reports groups of targets as they
 * change.
 */

import type { Decoder } from "@narthex/config/decode";
import { Secret } from "@narthex/config/secret";
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
  /** The job that asks, for metrics; the manager says it. */
  readonly config?: string;
  /** How requests name their sender. */
  readonly userAgent?: string;
  /** Variables of the process, where clouds keep credentials. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
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
  /** Equal for equal sections: such share one running mechanism, also across reloads. Holds secrets. */
  readonly identity: string;
  create(context: MechanismContext): Mechanism;
}

/** A kind of mechanism: what its sections look like, and what runs for one. */
export interface MechanismKind<S> {
  readonly name: string;
  readonly section: Decoder<S>;
  /** Makes the section's paths absolute. */
  joinFiles?(section: S, join: (file: string) => string): void;
  /** Throws when the section cannot be used as things are: then the mechanism counts as failed. */
  create(section: S, context: MechanismContext): Mechanism;
}

/** What a section asks for; `join` makes its paths absolute. */
export function mechanismConfig<S>(
  kind: MechanismKind<S>,
  section: S,
  join: (file: string) => string,
): MechanismConfig {
  kind.joinFiles?.(section, join);
  return {
    name: kind.name,
    identity: `${kind.name} ${fingerprint(section)}`,
    create: (context) => kind.create(section, context),
  };
}

/** JSON in which maps are lists and secrets are themselves, since they may be all that changed. */
function fingerprint(section: unknown): string {
  return JSON.stringify(section, function (this: Record<string, unknown>, key, part: unknown) {
    const original = this[key];
    if (original instanceof Secret) return original.reveal();
    if (original instanceof Map) return [...(original as Map<unknown, unknown>)];
    return part;
  });
}
