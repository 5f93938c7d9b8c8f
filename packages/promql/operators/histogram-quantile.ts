/**
 * histogram_quantile and histogram_fraction of classic histograms: series that differ in `le` alone are one
 * histogram.
 */

import { metricNameLabel, quoteGo } from "@narthex/model/labels";
import { parseGoFloat } from "@narthex/model/go-float";
import { warnOfQuantile } from "../annotations.ts";
import { bucketFraction, bucketQuantile, type Bucket, type Repair } from "../functions/buckets.ts";
import type { HistogramQuantilePlan } from "../plan-node.ts";
import type { QueryContext } from "../query-context.ts";
import { hasBit, isEmptyBitmap, setBit } from "../rows.ts";
import { labelValueId, numberSets, type SeriesTable } from "../series-table.ts";
import { holdRows, materialize, Matrix, MatrixOperator, scalarValues, type Operator } from "./operator.ts";

/** Buckets of one histogram: rows and their upper bounds, ascending. */
interface Histogram {
  readonly rows: number[];
  readonly bounds: number[];
}

/** Yields one row per histogram. */
export class HistogramQuantileOperator extends MatrixOperator {
  readonly #input: Operator;
  readonly #params: readonly Operator[];
  readonly #plan: HistogramQuantilePlan;

  /** `params`: the quantile, or both bounds of the fraction. */
  constructor(
    context: QueryContext,
    input: Operator,
    params: readonly Operator[],
    plan: HistogramQuantilePlan,
  ) {
    super(context, input.steps, input.layout);
    this.#input = input;
    this.#params = params;
    this.#plan = plan;
  }

  protected compute(): { table: SeriesTable; matrix: Matrix } {
    const { context, layout } = this;
    const { budget, symbols } = context;
    const before = budget.samples;
    const params = this.#params.map((param) => scalarValues(context, param));
    if (params.length === 1) {
      for (const phi of params[0]) warnOfQuantile(context.annotations, phi, this.#plan.quantileSpan);
    }
    const table = this.#input.open();
    const input = materialize(context, this.#input, table);
    const leId = symbols.intern("le");
    const { indexOf, sets } = numberSets(table, (set) => set.remove([leId]));
    const histograms = this.#histograms(table, input, indexOf, sets.count, leId);
    const resultTable = sets.toTable();
    const matrix = Matrix.allocate(context, layout, sets.count);
    histograms.forEach((histogram, i) => {
      budget.check();
      const nameId = context.delayedNameRemoval
        ? labelValueId(resultTable, i, symbols.intern(metricNameLabel))
        : 0;
      this.#fillRow(matrix.valuesAt[i], matrix.presenceAt[i], input, histogram, params, symbols.text(nameId));
    });
    budget.returnTo(before);
    holdRows(context, matrix);
    return { table: resultTable, matrix };
  }

  #histograms(
    table: SeriesTable,
    input: Matrix,
    indexOf: Uint32Array,
    count: number,
    leId: number,
  ): readonly Histogram[] {
    const { symbols, arena } = this.context;
    const histograms: Histogram[] = Array.from({ length: count }, () => ({ rows: [], bounds: [] }));
    for (let i = 0; i < table.count; i++) {
      if (isEmptyBitmap(arena.u32, input.presenceAt[i], this.layout)) continue;
      const text = symbols.text(labelValueId(table, i, leId));
      const bound = upperBound(text);
      if (bound === undefined) {
        this.#warnOfLabel(text, symbols.text(labelValueId(table, i, symbols.intern(metricNameLabel))));
        continue;
      }
      histograms[indexOf[i]].rows.push(i);
      histograms[indexOf[i]].bounds.push(bound);
    }
    return histograms.map(sortedByBound);
  }

  #warnOfLabel(text: string, metricName: string): void {
    const { annotations, delayedNameRemoval } = this.context;
    const ofMetric = delayedNameRemoval && metricName !== "" ? ` for metric name ${quoteGo(metricName)}` : "";
    annotations.add(
      "warning",
      `bucket label "le" is missing or has a malformed value of ${quoteGo(text)}${ofMetric}`,
      this.#plan.inputSpan,
    );
  }

  #fillRow(
    valuesAt: number,
    presenceAt: number,
    input: Matrix,
    { rows, bounds }: Histogram,
    params: readonly Float64Array[],
    metricName: string,
  ): void {
    const { f64, u32 } = this.context.arena;
    const pool: Bucket[] = bounds.map((bound) => ({ upperBound: bound, count: 0 }));
    for (let s = 0; s < this.layout.steps; s++) {
      const buckets: Bucket[] = [];
      for (let b = 0; b < rows.length; b++) {
        if (!hasBit(u32, input.presenceAt[rows[b]], s)) continue;
        const bucket = pool[b];
        bucket.upperBound = bounds[b];
        bucket.count = f64[(input.valuesAt[rows[b]] >>> 3) + s];
        buckets.push(bucket);
      }
      if (buckets.length === 0) continue;
      f64[(valuesAt >>> 3) + s] =
        params.length === 2
          ? bucketFraction(params[0][s], params[1][s], buckets)
          : this.#quantile(params[0][s], buckets, s, metricName);
      setBit(u32, presenceAt, s);
    }
  }

  #quantile(phi: number, buckets: Bucket[], step: number, metricName: string): number {
    const { quantile, repair } = bucketQuantile(phi, buckets);
    if (repair !== null) this.#tellRepair(repair, step, metricName);
    return quantile;
  }

  #tellRepair(repair: Repair, step: number, metricName: string): void {
    const timeMs = this.steps.startMs + step * this.steps.stepMs;
    this.context.annotations.addRepair(
      { ...repair, minTimeMs: timeMs, maxTimeMs: timeMs, count: 1 },
      metricName,
      this.#plan.inputSpan,
    );
  }
}

function upperBound(text: string): number | undefined {
  try {
    return parseGoFloat(text);
  } catch {
    return undefined; // no number: the caller warns of it
  }
}

function sortedByBound({ rows, bounds }: Histogram): Histogram {
  const order = bounds
    .map((_, i) => i)
    .sort((a, b) => (bounds[a] < bounds[b] ? -1 : bounds[a] > bounds[b] ? 1 : 0));
  return { rows: order.map((i) => rows[i]), bounds: order.map((i) => bounds[i]) };
}
