/**
 * Truncation: takes out of the head what blocks hold now, and the series that have nothing left.
 *
 * Runs on the main thread in slices of a few milliseconds. First the floor is published: readers take older
 * samples from blocks. Then chunks before it are unlinked series by series, and series without samples are
 * made unfindable in the same slice, so that no append can reach them. Postings and symbols of the gone
 * series follow, entry by entry. What is unlinked is retired, not freed (arena.ts).
 *
 * Invariants
 *  - A series with a sample at or after the floor keeps all its chunks that end at or after the floor.
 *  - Between two slices every structure is whole.
 */

import type { Head } from "./head.ts";
import { chunk, root, series, seriesSegmentShift } from "./head-layout.ts";
import type { Runs } from "./postings.ts";

/** What a truncation did. */
export interface TruncationResult {
  readonly chunksRemoved: number;
  readonly seriesRemoved: number;
}

/** Series or entries handled before the clock is looked at. */
const itemsPerLook = 128;

/**
 * Removes from `head` what lies before `floorMs`. `pause` is awaited whenever a slice is over: `isDue` says
 * when.
 */
export async function truncateHead(
  head: Head,
  floorMs: number,
  isDue: () => boolean,
  pause: () => Promise<void>,
): Promise<TruncationResult> {
  const { arena } = head;
  head.raiseMinValid(floorMs);
  const floorAt = (head.rootAt + root.floorTime) >>> 3;
  arena.f64[floorAt] = Math.max(arena.f64[floorAt], floorMs);
  const sweep = new Sweep(head, floorMs);
  const last = head.lastRef;
  for (let ref = 1; ref <= last; ref++) {
    if ((ref & ((1 << seriesSegmentShift) - 1)) === 0 && !sweep.hasSegment(ref)) {
      ref += (1 << seriesSegmentShift) - 1;
      continue;
    }
    sweep.visit(ref);
    if (ref % itemsPerLook === 0 && isDue()) await pause();
  }
  await sweep.removeGone(isDue, pause);
  return { chunksRemoved: sweep.chunksRemoved, seriesRemoved: sweep.goneCount };
}

/** One pass over the series. */
class Sweep {
  readonly #head: Head;
  readonly #floorMs: number;
  /** Runs of refs that are gone: first, end, … */
  readonly #gone: number[] = [];
  /** Postings entries that have a gone series. */
  readonly #entries = new Set<number>();
  chunksRemoved = 0;
  goneCount = 0;

  constructor(head: Head, floorMs: number) {
    this.#head = head;
    this.#floorMs = floorMs;
  }

  hasSegment(ref: number): boolean {
    const words = this.#head.arena.u32;
    return (
      words[(words[(this.#head.rootAt + root.directory) >>> 2] >>> 2) + (ref >>> seriesSegmentShift)] !== 0
    );
  }

  visit(ref: number): void {
    const record = this.#head.reader.recordOf(ref);
    if (record === 0) return;
    this.#cutSealed(record);
    const { u32, f64 } = this.#head.arena;
    const hasSealed = u32[(record + series.sealed) >>> 2] !== 0;
    if (!hasSealed && f64[(record + series.lastTime) >>> 3] < this.#floorMs) this.#drop(ref, record);
  }

  /** Unlinks the sealed chunks that end before the floor: they are the tail of the list. */
  #cutSealed(record: number): void {
    const { u32, f64, i32 } = this.#head.arena;
    let link = record + series.sealed;
    let at = u32[link >>> 2];
    while (at !== 0 && f64[(at + chunk.maxTime) >>> 3] >= this.#floorMs) {
      link = at + chunk.older;
      at = u32[link >>> 2];
    }
    if (at === 0) return;
    Atomics.store(i32, link >>> 2, 0);
    while (at !== 0) {
      const older = u32[(at + chunk.older) >>> 2];
      this.#retire(at, chunk.data + u32[(at + chunk.dataBytes) >>> 2]);
      this.#countChunk();
      at = older;
    }
  }

  /** Makes a series unfindable. Its record stays readable for those who are inside. */
  #drop(ref: number, record: number): void {
    const { u32, i32 } = this.#head.arena;
    this.#head.seriesTable.remove(u32[(record + series.hash) >>> 2], ref);
    const open = u32[(record + series.chunk) >>> 2];
    if (open !== 0) {
      this.#retire(open, (u32[(record + series.capacity) >>> 2] & 0xffff) << 4);
      this.#countChunk();
    }
    const labelsAt = u32[(record + series.labels) >>> 2];
    const count = u32[(record + series.labelIds) >>> 2];
    const { postings, symbols } = this.#head;
    for (let i = 0; i < count; i += 2) {
      const nameId = u32[(labelsAt >>> 2) + i];
      const valueId = u32[(labelsAt >>> 2) + i + 1];
      this.#entries.add(postings.find(nameId, valueId)).add(postings.find(nameId, 0));
      symbols.use(nameId, -1);
      symbols.use(valueId, -1);
    }
    this.#retire(labelsAt, Math.max(4, count * 4));
    Atomics.store(i32, (record + series.ref) >>> 2, 0);
    u32[(this.#head.rootAt + root.seriesCount) >>> 2]--;
    this.goneCount++;
    if (this.#gone.at(-1) === ref) this.#gone[this.#gone.length - 1] = ref + 1;
    else this.#gone.push(ref, ref + 1);
  }

  /** Takes the gone series out of the postings, then the symbols that nothing uses any more. */
  async removeGone(isDue: () => boolean, pause: () => Promise<void>): Promise<void> {
    if (this.goneCount === 0) return;
    const gone: Runs = Uint32Array.from(this.#gone);
    const { postings, symbols } = this.#head;
    postings.removeRefs(postings.all, gone);
    for (const entry of this.#entries) {
      postings.removeRefs(entry, gone);
      if (isDue()) await pause();
    }
    postings.removeEmpty();
    symbols.removeUnused();
  }

  #retire(at: number, sizeBytes: number): void {
    this.#head.kernels.slabRetire(this.#head.slab, at, sizeBytes);
  }

  #countChunk(): void {
    this.chunksRemoved++;
    this.#head.arena.u32[(this.#head.rootAt + root.chunkCount) >>> 2]--;
  }
}
