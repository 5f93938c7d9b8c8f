/**
 * Law of the kernel head-snapshot: what it finds for many series at once is what the definition finds for
 * each, whatever commits have come since; and label ids translate to the same texts.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Arena } from "@narthex/kernel/arena";
import { headSnapshotRowBytes } from "@narthex/kernel/head-snapshot";
import { Scratch } from "@narthex/kernel/scratch";
import { Labels } from "@narthex/model/labels";
import { forSeeds } from "@narthex/platform/for-seeds";
import type { SeededRandom } from "@narthex/platform/random";
import { QuerySymbols } from "@narthex/storage/query-symbols";
import { series } from "./head-layout.ts";
import { HeadReader } from "./head-reader.ts";
import { snapshotSeries, type SeriesSnapshot } from "./head-snapshot.ts";
import { snapshotRow } from "./head-snapshot-row.ts";
import { Head } from "./head.ts";

const startMs = 1_700_000_040_000;
const seriesCount = 20;

function labelsOf(i: number): Labels {
  return Labels.fromObject({ __name__: "m", i: `${i}`, [`only${i % 7}`]: `é${i % 3}` });
}

/** Some commits, each to some of the series. */
function commitSome(head: Head, random: SeededRandom, firstMs: number): number {
  let timeMs = firstMs;
  for (let commits = random.below(5); commits > 0; commits--) {
    timeMs += 1 + random.below(9_000);
    const batch = head.appender();
    for (let i = 0; i < seriesCount; i++) {
      if (random.below(3) > 0) continue;
      const ref = batch.resolve(labelsOf(i));
      for (let k = 0; k < 1 + random.below(3); k++) batch.append(ref, timeMs + k * 7, random.next());
    }
    void batch.commit();
    timeMs += 30;
  }
  return timeMs;
}

/** The rows of the kernel; null when it cannot tell. */
function byKernel(
  reader: HeadReader,
  scratch: Scratch,
  commit: number,
  fromMs: number,
  toMs: number,
): { rowsAt: number; rows: Map<number, SeriesSnapshot> } | null {
  const { arena, kernels } = reader;
  const runs = Uint32Array.of(1, 5, 7, seriesCount + 3);
  const runsAt = scratch.take(16);
  arena.u32.set(runs, runsAt >>> 2);
  const rowsAt = scratch.take(100 * headSnapshotRowBytes);
  const count = kernels.headSnapshot(reader.rootAt, runsAt, 2, 100, commit, fromMs, toMs, 0, rowsAt);
  if (count < 0) return null;
  const rows = new Map<number, SeriesSnapshot>();
  for (let i = 0; i < count; i++) {
    const row = rowsAt + i * headSnapshotRowBytes;
    const word = (offset: number): number => arena.u32[(row + offset) >>> 2];
    rows.set(word(snapshotRow.record), {
      visibleMs: arena.f64[(row + snapshotRow.visible) >>> 3],
      open: word(snapshotRow.open),
      sealed: word(snapshotRow.sealed),
      openSamples: word(snapshotRow.openSamples),
      encoding: word(snapshotRow.encoding),
      newest: word(snapshotRow.isNewest) === 0 ? null : arena.u64[(row + snapshotRow.value) >>> 3],
    });
  }
  return { rowsAt, rows };
}

function byDefinition(
  reader: HeadReader,
  commit: number,
  fromMs: number,
  toMs: number,
): Map<number, SeriesSnapshot> | null {
  const rows = new Map<number, SeriesSnapshot>();
  for (let ref = 1; ref < seriesCount + 3; ref++) {
    const record = ref === 5 || ref === 6 ? 0 : reader.recordOf(ref);
    if (record === 0) continue;
    const found = snapshotSeries(reader, record, commit, fromMs, toMs);
    if (found === "unclear") return null;
    if (found !== null) rows.set(record, found);
  }
  return rows;
}

test("the kernel finds what the definition finds", () =>
  forSeeds(300, (random) => {
    const arena = Arena.create(4 * 1_048_576);
    const head = new Head(arena, { chunkRangeMs: 60_000, samplesPerChunk: 8 });
    const reader = new HeadReader(arena, head.rootAt);
    const scratch = new Scratch(arena);
    const middleMs = commitSome(head, random, startMs);
    const { commit } = reader;
    const lastMs = commitSome(head, random, middleMs);
    const fromMs = startMs + random.below(lastMs - startMs + 2);
    const toMs = fromMs + random.below(40_000);
    const found = byKernel(reader, scratch, commit, fromMs, toMs);
    assert.deepEqual(found?.rows ?? null, byDefinition(reader, commit, fromMs, toMs));
    if (found === null) return;
    const symbols = new QuerySymbols();
    const ids = reader.labelsFor(symbols).idsOf(found.rowsAt, found.rows.size);
    const want = [...found.rows.keys()].flatMap((record) => {
      const at = arena.u32[(record + series.labels) >>> 2] >>> 2;
      const count = arena.u32[(record + series.labelIds) >>> 2];
      return Array.from(arena.u32.subarray(at, at + count), (id) => reader.symbols.text(id));
    });
    assert.deepEqual(
      [...ids].map((id) => symbols.text(id)),
      want,
    );
  }));
