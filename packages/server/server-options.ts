/**
 * What a server is started with: the meaning of its command line, decoded.
 */

import type { ListenAddress } from "@narthex/http/listener";
import type { Clock } from "@narthex/platform/clock";
import type { Disk } from "@narthex/platform/disk";
import type { Logger } from "@narthex/platform/logger";
import type { PrometheusConfig } from "./config-file.ts";
import type { Features } from "./feature-flags.ts";

/** Settings that do not change while the server runs: its command line. */
export interface ServerOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Reads the configuration anew. Throws what is wrong with it. */
  readonly readConfig: () => PrometheusConfig;
  readonly dataDirectory: string;
  readonly listen: readonly ListenAddress[];
  /** Path under which all routes lie, "" for none. */
  readonly routePrefix: string;
  readonly externalUrl: string;
  readonly pageTitle: string;
  /** Pattern, anchored, of the origins that browsers may ask from. */
  readonly corsOrigin: string;
  readonly lifecycleEnabled: boolean;
  readonly maxConnections: number;
  readonly readTimeoutMs: number;
  /** All flags with their values, for `/status/flags`. */
  readonly flags: Readonly<Record<string, string>>;
  readonly retentionMs: number;
  readonly retentionBytes: number;
  readonly minBlockMs: number;
  readonly maxBlockMs: number;
  readonly samplesPerChunk: number;
  readonly compressWal: boolean;
  readonly walSegmentBytes: number;
  readonly useLock: boolean;
  readonly lookbackMs: number;
  readonly queryTimeoutMs: number;
  readonly maxConcurrency: number;
  readonly maxSamples: number;
  readonly features: Features;
  readonly alignToleranceMs: number;
  readonly discoveryReloadMs: number;
  /** Called when a client asks the server to end. */
  readonly onQuit: () => void;
}
