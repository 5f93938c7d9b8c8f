/**
 * What all operators of one query share. Lifetime: one query.
 */

import type { Arena } from "@narthex/kernel/arena";
import type { Kernels } from "@narthex/kernel/load";
import { Scratch } from "@narthex/kernel/scratch";
import type { Querier, SeriesSet } from "@narthex/storage/querier";
import type { QuerySymbols } from "@narthex/storage/query-symbols";
import type { Annotations } from "./annotations.ts";
import type { QueryBudget } from "./limits.ts";
import type { SelectorPlan } from "./plan-node.ts";
import type { SampleTally } from "./sample-tally.ts";
import { metricLabelIds } from "./series-table.ts";

/** What queries leave of the arena: a query that wants too much must not stop the scrapes. */
const sparedBytes = 256 * 1_048_576;

/**
 * The memory of one query: its stack, and further stacks that are given out one by one. An engine keeps it
 * for the next query, which asks for the same, so each stack finds its pages again.
 */
export class QueryMemory {
  readonly scratch: Scratch;
  readonly #further: Scratch[] = [];
  #given = 0;

  constructor(arena: Arena) {
    this.scratch = new Scratch(arena, sparedBytes);
  }

  /** One more stack, empty. */
  further(): Scratch {
    if (this.#given === this.#further.length) {
      this.#further.push(new Scratch(this.scratch.arena, sparedBytes));
    }
    return this.#further[this.#given++];
  }

  /** Frees all. */
  reset(): void {
    this.scratch.reset();
    for (const scratch of this.#further) scratch.reset();
    this.#given = 0;
  }
}

/** What a context is made of. */
export interface ContextParts {
  readonly kernels: Kernels;
  readonly memory: QueryMemory;
  readonly querier: Querier;
  readonly budget: QueryBudget;
  readonly tally: SampleTally;
  readonly annotations: Annotations;
  readonly selectors: readonly SelectorPlan[];
  /** Whether metric names go away only at the end of the query. */
  readonly delayedNameRemoval: boolean;
  /** Whether functions look at start timestamps. */
  readonly useStartTimestamps: boolean;
  /** Whether metrics say in `__type__` what they are. */
  readonly typeAndUnitLabels: boolean;
  /** Whether the query has a single step and keeps the order of its elements. */
  readonly isInstant: boolean;
}

/** The shared parts, and the series sets of the plan's selectors, asked for once. */
export class QueryContext {
  readonly kernels: Kernels;
  readonly scratch: Scratch;
  readonly symbols: QuerySymbols;
  readonly budget: QueryBudget;
  readonly annotations: Annotations;
  readonly delayedNameRemoval: boolean;
  readonly useStartTimestamps: boolean;
  readonly typeAndUnitLabels: boolean;
  readonly isInstant: boolean;
  /** Ids of the label names that go away with the metric name. */
  readonly metricLabelIds: readonly number[];
  /** Records of histograms that live as long as the query. */
  readonly records: Scratch;
  #tally: SampleTally;
  #sortingMs = 0;
  readonly #memory: QueryMemory;
  readonly #querier: Querier;
  readonly #selectors: SelectorPlan[];
  readonly #sets: (SeriesSet | undefined)[] = [];

  constructor(parts: ContextParts) {
    this.kernels = parts.kernels;
    this.scratch = parts.memory.scratch;
    this.records = parts.memory.further();
    this.#memory = parts.memory;
    this.symbols = parts.querier.symbols;
    this.budget = parts.budget;
    this.#tally = parts.tally;
    this.annotations = parts.annotations;
    this.delayedNameRemoval = parts.delayedNameRemoval;
    this.useStartTimestamps = parts.useStartTimestamps;
    this.typeAndUnitLabels = parts.typeAndUnitLabels;
    this.isInstant = parts.isInstant;
    this.metricLabelIds = metricLabelIds(this.symbols);
    this.#querier = parts.querier;
    this.#selectors = [...parts.selectors];
  }

  get arena(): Arena {
    return this.scratch.arena;
  }

  /** Where operators that are built now count the samples they look at. They keep it. */
  get tally(): SampleTally {
    return this.#tally;
  }

  /** Runs `build` with another tally. */
  inTally<Built>(tally: SampleTally, build: () => Built): Built {
    const outer = this.#tally;
    this.#tally = tally;
    const built = build();
    this.#tally = outer;
    return built;
  }

  /** How long `sorting` took, ms. */
  get sortingMs(): number {
    return this.#sortingMs;
  }

  /** Runs what puts the result in order, and takes its time. */
  sorting<Result>(sort: () => Result): Result {
    const startedMs = this.budget.nowMs();
    const result = sort();
    this.#sortingMs += this.budget.nowMs() - startedMs;
    return result;
  }

  /** A stack of its own for what is freed at other times than the scratch. It goes back with the query. */
  ownScratch(): Scratch {
    return this.#memory.further();
  }

  /** Whether selector `index` needs count and sum of histograms only. */
  isStatsOnly(index: number): boolean {
    return this.#selectors[index].statsOnly === true;
  }

  /** One more selector, known only during evaluation; returns its index. */
  addSelector(selector: SelectorPlan): number {
    return this.#selectors.push(selector) - 1;
  }

  /** The series that selector `index` of the plan found. */
  seriesSet(index: number): SeriesSet {
    let set = this.#sets[index];
    if (set === undefined) {
      set = this.#querier.select(this.#selectors[index]);
      for (const warning of set.warnings) this.annotations.addStorageWarning(warning);
      this.#sets[index] = set;
    }
    return set;
  }
}
