/**
 * The heavy work on blocks and log: writing, compacting, condensing. In the server a worker of low priority
 * does it (maintenance-worker.ts); the simulation runs it in place.
 *
 *   db ── task ──► MAINTENANCE ── result ──► db
 */

import { Arena } from "@narthex/kernel/arena";
import { enterEpoch, leaveEpoch } from "@narthex/kernel/epochs";
import type { Disk } from "@narthex/platform/disk";
import type { Random } from "@narthex/platform/random";
import { writeBlock } from "./block-writer.ts";
import { listBlocks } from "./block-set.ts";
import { writeCheckpoint } from "./checkpoint.ts";
import { compactBlocks } from "./compaction.ts";
import { planCompaction } from "./compaction-plan.ts";
import { headBlockSource } from "./head-block-source.ts";
import { HeadReader } from "./head-reader.ts";

/** What can be done. Times are milliseconds. */
export type MaintenanceTask =
  /** Writes the head's samples of a range as a block. Result: its ULID, null without samples. */
  | {
      readonly kind: "write block";
      readonly minTimeMs: number;
      readonly endMs: number;
      readonly nowMs: number;
    }
  /** Makes one compaction, if any is due. Result: true when blocks changed. */
  | { readonly kind: "compact"; readonly ranges: readonly number[]; readonly nowMs: number }
  /** Condenses the log up to a segment. Result: true. */
  | {
      readonly kind: "checkpoint";
      readonly lastSegment: number;
      readonly minTimeMs: number;
      readonly compress: boolean;
      /** Refs to keep although no series has them: the log has samples by them (head-replay.ts). */
      readonly alsoKeep: readonly number[];
    };

/** What a task gives. */
export type MaintenanceResult = string | boolean | null;

/** Does tasks one after the other. Rejects with what the disk or the data say. */
export interface Maintenance {
  run(task: MaintenanceTask): Promise<MaintenanceResult>;
  stop(): Promise<void>;
}

/** Where the work is done. */
export interface MaintenanceSite {
  readonly arena: Arena;
  readonly headRootAt: number;
  /** Reader slot of the thread (kernel/epochs.ts). */
  readonly slot: number;
  readonly disk: Disk;
  readonly directory: string;
  readonly random: Random;
}

/** Does one task in this thread. Throws. */
export function runMaintenance(site: MaintenanceSite, task: MaintenanceTask): MaintenanceResult {
  switch (task.kind) {
    case "write block":
      return writeHeadBlock(site, task.minTimeMs, task.endMs, task.nowMs);
    case "compact":
      return compactOnce(site, task.ranges, task.nowMs);
    case "checkpoint": {
      const reader = new HeadReader(site.arena, site.headRootAt);
      const alsoKeep = new Set(task.alsoKeep);
      writeCheckpoint(site.disk, `${site.directory}/wal`, {
        // A memory of its own: what reading and writing a log take is given back with it.
        arena: Arena.create(),
        lastSegment: task.lastSegment,
        minTimeMs: task.minTimeMs,
        compress: task.compress,
        keepSeries: (ref) => reader.recordOf(ref) !== 0 || alsoKeep.has(ref),
      });
      return true;
    }
  }
}

/** Does tasks in this thread, each at once. For the simulation and for tests. */
export function inlineMaintenance(site: MaintenanceSite): Maintenance {
  return {
    // Async so that what is thrown rejects.
    run: async (task) => runMaintenance(site, task),
    stop: async () => {},
  };
}

function writeHeadBlock(
  site: MaintenanceSite,
  minTimeMs: number,
  endMs: number,
  nowMs: number,
): string | null {
  const reader = new HeadReader(site.arena, site.headRootAt);
  enterEpoch(site.arena, site.slot);
  try {
    const source = headBlockSource(reader, minTimeMs, endMs);
    const options = { minTimeMs, maxTimeMs: endMs, nowMs, random: site.random };
    return writeBlock(site.disk, site.directory, source, options)?.ulid ?? null;
  } finally {
    leaveEpoch(site.arena, site.slot);
  }
}

function compactOnce(site: MaintenanceSite, ranges: readonly number[], nowMs: number): boolean {
  const { blocks } = listBlocks(site.disk, site.directory);
  const plan = planCompaction(
    blocks.map(({ meta }) => meta),
    ranges,
  );
  if (plan.length === 0) return false;
  compactBlocks(site.disk, site.directory, plan, { arena: Arena.create(), nowMs, random: site.random });
  return true;
}
