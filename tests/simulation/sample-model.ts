/**
 * What a database must hold: the batches that were committed, in order, as plain maps; and the comparison
 * with what it shows.
 *
 * Invariants
 *  - `samples` are the samples of `batches`, each sample newer than the one before it in its series.
 */

import assert from "node:assert/strict";

/** A sample on its way; `bits` are those of the float. */
export interface ModelSample {
  readonly series: string;
  readonly timeMs: number;
  readonly bits: bigint;
}

/** Series → time → bits of the value; times ascend. */
export type SampleMap = Map<string, Map<number, bigint>>;

/** Newest time per series. */
function newestOf(samples: SampleMap): Map<string, number> {
  return new Map([...samples].map(([series, known]) => [series, Math.max(...known.keys())]));
}

/** Puts a batch's samples in as the head does: those that are not newer than their series are left out. */
function add(samples: SampleMap, newest: Map<string, number>, batch: readonly ModelSample[]): void {
  for (const { series, timeMs, bits } of batch) {
    if (timeMs <= (newest.get(series) ?? -Infinity)) continue;
    newest.set(series, timeMs);
    const known = samples.get(series);
    if (known === undefined) samples.set(series, new Map([[timeMs, bits]]));
    else known.set(timeMs, bits);
  }
}

function copyOf(samples: SampleMap): SampleMap {
  return new Map([...samples].map(([series, known]) => [series, new Map(known)]));
}

/** The samples at or after `fromMs`; series without any are left out. */
function since(samples: SampleMap, fromMs: number): SampleMap {
  const kept: SampleMap = new Map();
  for (const [series, known] of samples) {
    const later = [...known].filter(([timeMs]) => timeMs >= fromMs);
    if (later.length > 0) kept.set(series, new Map(later));
  }
  return kept;
}

/** A difference in one line, null when there is none. */
function firstDifference(got: SampleMap, wanted: SampleMap): string | null {
  for (const series of new Set([...got.keys(), ...wanted.keys()])) {
    const [gotSamples, wantedSamples] = [got.get(series) ?? new Map(), wanted.get(series) ?? new Map()];
    for (const timeMs of new Set<number>([...gotSamples.keys(), ...wantedSamples.keys()])) {
      const [a, b] = [gotSamples.get(timeMs) as bigint | undefined, wantedSamples.get(timeMs)];
      if (a !== b) return `series ${series} at ${timeMs}: got ${a?.toString(16)}, want ${b?.toString(16)}`;
    }
  }
  return null;
}

/** The batches of one database and how many of them a lost power cannot take. */
export class SampleModel {
  samples: SampleMap = new Map();
  #synced: SampleMap = new Map();
  #newest = new Map<string, number>();
  newestMs = -Infinity;

  /** Adds a batch that was committed. */
  commit(batch: readonly ModelSample[]): void {
    add(this.samples, this.#newest, batch);
    for (const { timeMs } of batch) this.newestMs = Math.max(this.newestMs, timeMs);
  }

  /** What was committed so far is on the medium. */
  sync(): void {
    this.#synced = copyOf(this.samples);
  }

  /** What was found is what there is from now on. */
  restart(found: SampleMap): void {
    this.samples = copyOf(found);
    this.#newest = newestOf(found);
    this.sync();
  }

  newestOf(series: string): number {
    return this.#newest.get(series) ?? -Infinity;
  }

  /** Before this time retention may have taken samples. */
  #fromMs(retentionMs: number): number {
    return retentionMs > 0 ? this.newestMs - retentionMs : -Infinity;
  }

  /** Fails unless `found` is all that was committed. */
  checkAll(found: SampleMap, retentionMs: number, inFlight: readonly ModelSample[] = []): void {
    const fromMs = this.#fromMs(retentionMs);
    this.#checkKnown(found, inFlight);
    const difference = firstDifference(since(found, fromMs), since(this.samples, fromMs));
    if (difference === null) return;
    // A batch whose commit the end has cut short may be there, but then whole.
    const withIt = copyOf(this.samples);
    add(withIt, newestOf(withIt), inFlight);
    const other = firstDifference(since(found, fromMs), since(withIt, fromMs));
    if (other !== null) assert.fail(`${difference}; with the batch in flight: ${other}`);
  }

  /** Fails unless `found` has all that was synced, and of each series the samples up to some time. */
  checkSynced(found: SampleMap, retentionMs: number, inFlight: readonly ModelSample[] = []): void {
    const fromMs = this.#fromMs(retentionMs);
    this.#checkKnown(found, inFlight);
    for (const [series, synced] of since(this.#synced, fromMs)) {
      const got = found.get(series);
      for (const timeMs of synced.keys()) {
        assert.ok(got?.has(timeMs), `series ${series} at ${timeMs}: synced, and gone`);
      }
    }
    for (const [series, got] of since(found, fromMs)) {
      const all = since(this.samples, fromMs).get(series) ?? new Map<number, bigint>();
      const gotTimes = [...got.keys()].filter((timeMs) => all.has(timeMs));
      assert.deepEqual(gotTimes, [...all.keys()].slice(0, gotTimes.length), `series ${series} has a hole`);
    }
  }

  /** Fails when `found` has a sample that was never appended. */
  #checkKnown(found: SampleMap, inFlight: readonly ModelSample[]): void {
    const known = copyOf(this.samples);
    add(known, newestOf(known), inFlight);
    for (const [series, samples] of found) {
      for (const [timeMs, bits] of samples) {
        const wanted = known.get(series)?.get(timeMs);
        assert.equal(bits, wanted, `series ${series} at ${timeMs} was never appended`);
      }
    }
  }
}
