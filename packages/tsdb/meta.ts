/**
 * meta.json: what a block says about itself, printed as Go prints it.
 * Layout: docs/formats/meta.md
 */

import type { Disk } from "@narthex/platform/disk";
import { CorruptionError } from "@narthex/storage/corruption-error";
import { isUlid } from "./ulid.ts";

/** Counts of a block's content. */
export interface BlockStats {
  readonly numSamples: number;
  readonly numFloatSamples: number;
  readonly numHistogramSamples: number;
  readonly numSeries: number;
  readonly numChunks: number;
  readonly numTombstones: number;
}

/** A block that another one was made from. */
export interface BlockParent {
  readonly ulid: string;
  readonly minTime: number;
  readonly maxTime: number;
}

/** Where a block comes from. */
export interface BlockCompaction {
  /** How often its data has been compacted, 1 for a block cut from the head. */
  readonly level: number;
  /** The blocks cut from the head that went into it, ascending. */
  readonly sources: readonly string[];
  /** Compacting gave nothing: may be removed. */
  readonly deletable: boolean;
  readonly parents: readonly BlockParent[];
  /** Compacting it has failed: not tried again. */
  readonly failed: boolean;
  readonly hints: readonly string[];
}

/** A block's meta.json. */
export interface BlockMeta {
  readonly ulid: string;
  /** First millisecond of its range, inclusive. */
  readonly minTime: number;
  /** End of its range in milliseconds, exclusive. */
  readonly maxTime: number;
  readonly stats: BlockStats;
  readonly compaction: BlockCompaction;
}

/** Hints that keep a block from being merged with others that do not have them. */
export const partialHints: readonly string[] = ["from-stale-series", "from-selected-series"];
/** Hint of a block made of out-of-order samples. */
export const outOfOrderHint = "from-out-of-order";

/** The text of a meta.json. */
export function formatMeta(meta: BlockMeta): string {
  const { level, sources, deletable, parents, failed, hints } = meta.compaction;
  const printed = {
    ulid: meta.ulid,
    minTime: meta.minTime,
    maxTime: meta.maxTime,
    stats: withoutZeros(meta.stats),
    compaction: {
      level,
      ...(sources.length > 0 ? { sources } : {}),
      ...(deletable ? { deletable } : {}),
      ...(parents.length > 0
        ? { parents: parents.map(({ ulid, minTime, maxTime }) => ({ ulid, minTime, maxTime })) }
        : {}),
      ...(failed ? { failed } : {}),
      ...(hints.length > 0 ? { hints } : {}),
    },
    version: 1,
  };
  return JSON.stringify(printed, null, "\t");
}

const statNames = [
  "numSamples",
  "numFloatSamples",
  "numHistogramSamples",
  "numSeries",
  "numChunks",
  "numTombstones",
] as const;

function withoutZeros(stats: BlockStats): Record<string, number> {
  return Object.fromEntries(statNames.filter((name) => stats[name] !== 0).map((name) => [name, stats[name]]));
}

/** Reads the text of a meta.json. Throws an Error that says what is wrong. */
export function parseMeta(text: string): BlockMeta {
  const value = asObject(JSON.parse(text), "meta.json");
  if (value["version"] !== 1) throw new Error(`unexpected meta file version ${String(value["version"])}`);
  const ulid = asText(value["ulid"], "ulid");
  if (!isUlid(ulid)) throw new Error(`ulid is not one: ${ulid}`);
  const stats = asObject(value["stats"] ?? {}, "stats");
  const compaction = asObject(value["compaction"] ?? {}, "compaction");
  const count = (name: (typeof statNames)[number]) => asNumber(stats[name] ?? 0, name);
  return {
    ulid,
    minTime: asNumber(value["minTime"], "minTime"),
    maxTime: asNumber(value["maxTime"], "maxTime"),
    stats: {
      numSamples: count("numSamples"),
      numFloatSamples: count("numFloatSamples"),
      numHistogramSamples: count("numHistogramSamples"),
      numSeries: count("numSeries"),
      numChunks: count("numChunks"),
      numTombstones: count("numTombstones"),
    },
    compaction: {
      level: asNumber(compaction["level"] ?? 0, "level"),
      sources: asList(compaction["sources"]).map((each) => asText(each, "sources")),
      deletable: compaction["deletable"] === true,
      parents: asList(compaction["parents"]).map((each) => {
        const parent = asObject(each, "parents");
        return {
          ulid: asText(parent["ulid"], "ulid"),
          minTime: asNumber(parent["minTime"], "minTime"),
          maxTime: asNumber(parent["maxTime"], "maxTime"),
        };
      }),
      failed: compaction["failed"] === true,
      hints: asList(compaction["hints"]).map((each) => asText(each, "hints")),
    },
  };
}

/**
 * Reads a block directory's meta.json. Throws `CorruptionError`, or the disk's error when it is not there.
 */
export function readMeta(disk: Disk, blockDirectory: string): BlockMeta {
  const path = `${blockDirectory}/meta.json`;
  const text = new TextDecoder().decode(disk.readFile(path));
  try {
    return parseMeta(text);
  } catch (cause) {
    throw new CorruptionError(path, 0, cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

/** Writes a block directory's meta.json: whole or not at all. */
export function writeMeta(disk: Disk, blockDirectory: string, meta: BlockMeta): void {
  const path = `${blockDirectory}/meta.json`;
  disk.writeFile(`${path}.tmp`, new TextEncoder().encode(formatMeta(meta)));
  disk.rename(`${path}.tmp`, path);
  disk.syncDirectory(blockDirectory);
}

function asObject(value: unknown, name: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null) throw new Error(`${name} is not an object`);
  return value as Record<string, unknown>;
}

function asText(value: unknown, name: string): string {
  if (typeof value !== "string") throw new Error(`${name} is not a string`);
  return value;
}

function asNumber(value: unknown, name: string): number {
  if (typeof value !== "number") throw new Error(`${name} is not a number`);
  return value;
}

function asList(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
