/**
 * The query engine: expression in, result columns out.
 *
 *   parsed expression → plan → operators over the querier's samples → QUERY RESULT → result-json
 *
 * Synchronous, for one thread; several engines (one per worker) may share an arena. Every query works in a
 * scratch of its own, which goes back to the engine when its result is released.
 *
 * Throws `QueryError` (query-errors.ts) for what the API reports as execution, timeout, canceled or
 * bad_data; that includes broken chunks and memory that is full.
 */

import { ArenaFullError, type Arena } from "@narthex/kernel/arena";
import { loadKernels, type Kernels } from "@narthex/kernel/load";
import { systemClock, type Clock } from "@narthex/platform/clock";
import { assert } from "@narthex/platform/assert";
import type { Expr } from "@narthex/promql-syntax/ast";
import { CorruptionError } from "@narthex/storage/corruption-error";
import type { Querier } from "@narthex/storage/querier";
import { Annotations } from "./annotations.ts";
import { buildOperator, buildSource } from "./build-operator.ts";
import { finishRows, finishSamples, type Finished } from "./finish-result.ts";
import { defaultLimits, QueryBudget, type CancelFlag, type EngineLimits } from "./limits.ts";
import type { Plan } from "./plan-node.ts";
import { planQuery } from "./plan.ts";
import { QueryContext, QueryMemory } from "./query-context.ts";
import { ExecutionError } from "./query-errors.ts";
import type { QueryResult, ResultNotes } from "./query-result.ts";
import { SampleTally } from "./sample-tally.ts";
import { oneStep, stepsBetween, subquerySteps, type Steps } from "./steps.ts";

/** What an engine is set up with. */
export interface EngineOptions {
  readonly limits?: EngineLimits;
  /** How far back an instant selector looks. Default 5 minutes. */
  readonly lookbackMs?: number;
  /** The step of subqueries that name none. Default 1 minute. */
  readonly subqueryStepMs?: (rangeMs: number) => number;
  /** Metric names go away only at the end of the query. Default false. */
  readonly delayedNameRemoval?: boolean;
  /** rate, increase, irate, resets and start_timestamp() look at start timestamps. Default false. */
  readonly useStartTimestamps?: boolean;
  /** Metrics say in `__type__` what they are: rate and increase look there. Default false. */
  readonly typeAndUnitLabels?: boolean;
  /** For the time limit. Default the machine's clock. */
  readonly clock?: Clock;
}

/** What one query is asked with. */
export interface QueryOptions {
  /** The query's text, for the positions in annotations. */
  readonly text?: string | undefined;
  /** At most the engine's limit. */
  readonly timeoutMs?: number | undefined;
  /** Instead of the engine's. */
  readonly lookbackMs?: number | undefined;
  readonly cancel?: CancelFlag | undefined;
  /** Whether samples are counted per step too. Default false. */
  readonly perStepStatistics?: boolean | undefined;
}

/** The moments of a range query: from `startMs` in steps of `stepMs` up to `endMs` (inclusive). */
export interface QueryRange {
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
}

/** Evaluates queries. */
export class Engine {
  readonly #kernels: Kernels;
  readonly #arena: Arena;
  readonly #options: EngineOptions;
  /** Memories not in use. */
  readonly #memories: QueryMemory[] = [];

  constructor(arena: Arena, options: EngineOptions = {}) {
    this.#arena = arena;
    this.#kernels = loadKernels(arena);
    this.#options = options;
  }

  /** The value at one moment. */
  instant(querier: Querier, expr: Expr, timeMs: number, options: QueryOptions = {}): QueryResult {
    return this.#evaluate(querier, expr, oneStep(timeMs), timeMs, false, options);
  }

  /** Values at several moments: a matrix. The expression is a scalar or an instant vector. */
  range(querier: Querier, expr: Expr, range: QueryRange, options: QueryOptions = {}): QueryResult {
    assert(
      range.endMs >= range.startMs && range.stepMs > 0,
      "a range has a step and does not end before it starts",
    );
    const steps = stepsBetween(range.startMs, range.endMs, range.stepMs);
    return this.#evaluate(querier, expr, steps, range.endMs, true, options);
  }

  #evaluate(
    querier: Querier,
    expr: Expr,
    steps: Steps,
    endMs: number,
    isRange: boolean,
    options: QueryOptions,
  ): QueryResult {
    const { limits = defaultLimits, clock = systemClock } = this.#options;
    const startedMs = clock.monotonicMs();
    const plan = planQuery(expr, {
      steps,
      isRange,
      endMs,
      lookbackMs: options.lookbackMs ?? this.#options.lookbackMs ?? 300_000,
      subqueryStepMs: this.#options.subqueryStepMs ?? (() => 60_000),
    });
    const timeoutMs = Math.min(options.timeoutMs ?? limits.timeoutMs, limits.timeoutMs);
    const memory = this.#memories.pop() ?? new QueryMemory(this.#arena);
    const context = new QueryContext({
      kernels: this.#kernels,
      memory,
      querier,
      delayedNameRemoval: this.#options.delayedNameRemoval ?? false,
      useStartTimestamps: this.#options.useStartTimestamps ?? false,
      typeAndUnitLabels: this.#options.typeAndUnitLabels ?? false,
      budget: new QueryBudget(clock, { ...limits, timeoutMs }, options.cancel),
      tally: new SampleTally(steps, options.perStepStatistics ?? false),
      annotations: new Annotations(),
      selectors: plan.selectors,
      isInstant: !isRange,
    });
    let released = false;
    const release = (): void => {
      if (released) return;
      released = true;
      memory.reset();
      this.#memories.push(memory);
    };
    try {
      context.budget.check();
      const preparedMs = clock.monotonicMs();
      const finished = evaluate(context, plan, steps, isRange);
      const endedMs = clock.monotonicMs();
      const notes: ResultNotes = {
        warnings: context.annotations.texts("warning", options.text ?? ""),
        infos: context.annotations.texts("info", options.text ?? ""),
        peakSamples: context.budget.peakSamples,
        statistics: {
          preparationMs: preparedMs - startedMs,
          evaluationMs: endedMs - preparedMs - context.sortingMs,
          sortingMs: context.sortingMs,
          samples: context.tally.totals(),
        },
        memory: memory.scratch,
        release,
      };
      return { ...finished, ...notes };
    } catch (error) {
      release();
      throw queryError(error);
    }
  }
}

/** Errors of what lies below, as the query's own. */
function queryError(error: unknown): unknown {
  if (error instanceof CorruptionError) {
    return new ExecutionError(`expanding series: ${error.message}`, { cause: error });
  }
  if (error instanceof ArenaFullError) {
    return new ExecutionError(`query needs too much memory: ${error.message}`, { cause: error });
  }
  return error;
}

function evaluate(context: QueryContext, { root }: Plan, steps: Steps, isRange: boolean): Finished {
  switch (root.kind) {
    case "string":
      return { kind: "string", timeMs: steps.startMs, value: root.value };
    case "scalar":
    case "vector":
      return finishRows(context, buildOperator(context, root.node, steps), isRange ? "matrix" : root.kind);
    case "range vector": {
      const { windows } = root;
      if (windows.kind === "samples") {
        return finishSamples(context, buildSource(context, windows, steps), windows, steps.startMs);
      }
      const inner = subquerySteps(steps, windows.atMs, windows.offsetMs, windows.rangeMs, windows.stepMs);
      if (inner.count === 0)
        return finishSamples(context, buildSource(context, windows, steps), windows, steps.startMs);
      const operator = context.inTally(context.tally.result(inner), () =>
        buildOperator(context, windows.input, inner),
      );
      return finishRows(context, operator, "matrix");
    }
  }
}
