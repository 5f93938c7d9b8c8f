/**
 * What all operators of one query share. Lifetime: one query.
 */

import type { Arena } from "@narthex/kernel/arena";
import type { Kernels } from "@narthex/kernel/load";
import type { Scratch } from "@narthex/kernel/scratch";
import type { Querier, SeriesSet } from "@narthex/storage/querier";
import type { QuerySymbols } from "@narthex/storage/query-symbols";
import type { Annotations } from "./annotations.ts";
import type { QueryBudget } from "./limits.ts";
import type { SelectorPlan } from "./plan-node.ts";
import { metricLabelIds } from "./series-table.ts";

/** What a context is made of. */
export interface ContextParts {
  readonly kernels: Kernels;
  readonly scratch: Scratch;
  readonly querier: Querier;
  readonly budget: QueryBudget;
  readonly annotations: Annotations;
  readonly selectors: readonly SelectorPlan[];
  /** Whether metric names go away only at the end of the query. */
  readonly delayedNameRemoval: boolean;
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
  readonly isInstant: boolean;
  /** Ids of the label names that go away with the metric name. */
  readonly metricLabelIds: readonly number[];
  readonly #querier: Querier;
  readonly #selectors: readonly SelectorPlan[];
  readonly #sets: (SeriesSet | undefined)[] = [];

  constructor(parts: ContextParts) {
    this.kernels = parts.kernels;
    this.scratch = parts.scratch;
    this.symbols = parts.querier.symbols;
    this.budget = parts.budget;
    this.annotations = parts.annotations;
    this.delayedNameRemoval = parts.delayedNameRemoval;
    this.isInstant = parts.isInstant;
    this.metricLabelIds = metricLabelIds(this.symbols);
    this.#querier = parts.querier;
    this.#selectors = parts.selectors;
  }

  get arena(): Arena {
    return this.scratch.arena;
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
