/**
 * A reader thread of readers.test.ts: asks the head again and again while the main thread writes, and checks
 * that what it sees is one moment of it.
 *
 * What the writer keeps to: commit n gives every series "steady" the value n at `startMs` + n seconds. Every
 * series "churn" has only its label "n" as value.
 */

import { Arena } from "@narthex/kernel/arena";
import type { SharedMemory } from "@narthex/kernel/web-assembly";
import { Scratch } from "@narthex/kernel/scratch";
import { LabelMatcher } from "@narthex/model/label-matcher";
import { systemDisk } from "@narthex/platform/disk";
import { isWorkerNamed, workerPort } from "@narthex/platform/worker";
import type { Querier, SeriesSet } from "@narthex/storage/querier";
import { SeriesBatch } from "@narthex/storage/series-batch";
import { DbReader } from "@narthex/tsdb/db-reader";

/** Name of the threads. */
export const readerName = "reader";

/** What a reader is started with. */
export interface ReaderSetup {
  readonly memory: SharedMemory;
  readonly headRootAt: number;
  readonly slot: number;
  /** Series named "steady". */
  readonly steadyCount: number;
  readonly startMs: number;
  /** Word 0: not 0 when the reader is to stop; word `slot`: how many rounds it has made. */
  readonly words: Int32Array;
}

/** What a reader says at its end. */
export interface ReaderReport {
  readonly rounds: number;
  /** Rounds that found samples. */
  readonly filled: number;
  /** Rounds whose `readLatest` gave an answer. */
  readonly latest: number;
  readonly churnSeen: number;
  /** What was wrong, null when nothing was. */
  readonly problem: string | null;
}

function want(isRight: boolean, what: string): void {
  if (!isRight) throw new Error(what);
}

function select(querier: Querier, name: string): SeriesSet {
  const matchers = [new LabelMatcher("=", "__name__", name)];
  return querier.select({ minTimeMs: 0, maxTimeMs: 2 ** 50, matchers });
}

class Checker {
  readonly #setup: ReaderSetup;
  readonly #arena: Arena;
  readonly #reader: DbReader;
  readonly #scratch: Scratch;
  readonly #batch = new SeriesBatch();
  rounds = 0;
  filled = 0;
  latest = 0;
  churnSeen = 0;

  constructor(setup: ReaderSetup) {
    this.#setup = setup;
    this.#arena = Arena.attach(setup.memory);
    this.#reader = new DbReader(this.#arena, setup.headRootAt, setup.slot, systemDisk);
    this.#scratch = new Scratch(this.#arena);
  }

  round(): void {
    const querier = this.#reader.querier(0, 2 ** 50);
    try {
      this.#checkSteady(querier);
      this.#checkChurn(querier);
    } finally {
      querier.close();
    }
    this.rounds++;
  }

  /** Calls `visit` with times and values of each series, in order. */
  #eachSeries(
    set: SeriesSet,
    visit: (index: number, times: Float64Array, values: Float64Array) => void,
  ): void {
    for (let first = 0; first < set.count;) {
      const mark = this.#scratch.mark();
      const got = set.read(first, set.count, this.#batch, this.#scratch);
      const { f64 } = this.#arena;
      for (let i = 0; i < got; i++) {
        const count = this.#batch.count[i] as number;
        const times = (this.#batch.timesAt[i] as number) >>> 3;
        const values = (this.#batch.valuesAt[i] as number) >>> 3;
        visit(first + i, f64.subarray(times, times + count), f64.subarray(values, values + count));
      }
      this.#scratch.release(mark);
      first += got;
    }
  }

  /**
   * All series end at one commit, and have all commits before it back to the floor (what lies before that may
   * go under a reader: in a database it has it from a block).
   */
  #checkSteady(querier: Querier): void {
    const { steadyCount, startMs } = this.#setup;
    const set = select(querier, "steady");
    if (set.count === 0) return;
    want(set.count === steadyCount, `${set.count} series of ${steadyCount}`);
    let lastSeen = -1;
    const firsts: number[] = [];
    this.#eachSeries(set, (index, times, values) => {
      const [first, last] = [values[0] ?? Infinity, values.at(-1) ?? Infinity];
      firsts.push(first);
      if (index === 0) lastSeen = last;
      want(last === lastSeen, `series ${index} ends with commit ${last}, series 0 with ${lastSeen}`);
      for (let i = 0; i < times.length; i++) {
        const value = first + i;
        want(values[i] === value, `series ${index}, sample ${i}: value ${values[i]}, not ${value}`);
        want(times[i] === startMs + value * 1_000, `series ${index}, sample ${i}: time ${times[i]}`);
      }
    });
    const floor = Math.max(0, (this.#reader.head.floorTimeMs - startMs) / 1_000);
    // Overtaken by 600 commits: nothing is left to compare.
    if (lastSeen < floor || lastSeen === Infinity) return;
    for (const first of firsts)
      want(first <= floor, `a series begins with commit ${first}, the floor is ${floor}`);
    this.filled++;
    this.#checkLatest(set, lastSeen);
  }

  #checkLatest(set: SeriesSet, last: number): void {
    const into = {
      timesMs: new Float64Array(set.count),
      values: new Float64Array(set.count),
      records: new Uint32Array(set.count),
    };
    if (!set.readLatest(0, set.count, 2 ** 50, into)) return;
    this.latest++;
    for (let i = 0; i < set.count; i++) {
      want(into.values[i] === last, `series ${i}: latest value ${into.values[i]}, not ${last}`);
      want(
        into.timesMs[i] === this.#setup.startMs + last * 1_000,
        `series ${i}: latest time ${into.timesMs[i]}`,
      );
    }
  }

  /** No series shows what another one has. */
  #checkChurn(querier: Querier): void {
    const set = select(querier, "churn");
    this.#eachSeries(set, (index, times, values) => {
      const ids = set.labelIds.subarray(index === 0 ? 0 : set.labelEnds[index - 1], set.labelEnds[index]);
      const texts = Array.from(ids, (id) => querier.symbols.text(id));
      want(
        texts.length === 6 && texts[0] === "__name__" && texts[2] === "n" && texts[4] === "text",
        texts.join(),
      );
      const wanted = Number(texts[3]);
      want(texts[5] === textOf(wanted), `churn ${wanted} has the text ${texts[5]}`);
      want(times.length > 0, `churn ${wanted} is shown without samples`);
      for (const value of values) want(value === wanted, `churn ${wanted} has the value ${value}`);
      this.churnSeen++;
    });
  }
}

/** A long label value that tells whose it is. */
export function textOf(n: number): string {
  return String(n).repeat(1 + (n % 300));
}

function serve(): void {
  const port = workerPort();
  const setup = port.data as ReaderSetup;
  const checker = new Checker(setup);
  let problem: string | null = null;
  try {
    while (Atomics.load(setup.words, 0) === 0) {
      checker.round();
      Atomics.add(setup.words, setup.slot, 1);
    }
  } catch (error) {
    problem = error instanceof Error ? (error.stack ?? error.message) : String(error);
    Atomics.store(setup.words, 0, 1);
  }
  const { rounds, filled, latest, churnSeen } = checker;
  port.post({ rounds, filled, latest, churnSeen, problem } satisfies ReaderReport);
}

if (isWorkerNamed(readerName)) serve();
