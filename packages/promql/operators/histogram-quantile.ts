/**
 * histogram_quantile and histogram_fraction. Of floats, series that differ in `le` alone are one (classic)
 * histogram; a native histogram is one by itself. Where both have the same labels there is no result.
 */

import { metricNameLabel } from "@narthex/model/labels";
import type { FloatHistogram } from "@narthex/model/float-histogram";
import { parseGoFloat } from "@narthex/model/go-float";
import { warnOfQuantile } from "../annotations.ts";
import { bucketFraction, bucketQuantile, type Bucket, type Repair } from "../functions/buckets.ts";
import { nativeFraction, nativeQuantile } from "../functions/native-quantile.ts";
import {
  tellOfNaNFraction,
  tellOfNaNQuantile,
  tellOfSkewedQuantile,
  warnOfBucketLabel,
  warnOfClassicAndNative,
} from "../histogram-annotations.ts";
import { floatSteps, histogramAt } from "../histogram-rows.ts";
import type { HistogramQuantilePlan } from "../plan-node.ts";
import type { QueryContext } from "../query-context.ts";
import { hasBit, isEmptyBitmap, setBit, type RowAt } from "../rows.ts";
import { labelValueId, LabelSet, numberSets, type Numbering, type SeriesTable } from "../series-table.ts";
import { holdRows, materialize, Matrix, MatrixOperator, scalarValues, type Operator } from "./operator.ts";

/** One histogram: buckets as rows with their upper bounds, ascending; and the row of native histograms. */
interface Histogram {
  readonly rows: number[];
  readonly bounds: number[];
  /** -1: none. */
  native: number;
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
    const numbering = numberSets(table, (set) => set.remove([leId]));
    const floats = new Matrix(layout, input.valuesAt, input.presenceAt.slice());
    const natives = this.#splitNatives(table, input, floats, numbering);
    const histograms = this.#histograms(table, floats, numbering, leId);
    natives.forEach((number, row) => (histograms[number].native = row));
    const resultTable = numbering.sets.toTable();
    const matrix = Matrix.allocate(context, layout, resultTable.count);
    histograms.forEach((histogram, i) => {
      budget.check();
      const nameId = context.delayedNameRemoval
        ? labelValueId(resultTable, i, symbols.intern(metricNameLabel))
        : 0;
      this.#fillRow(matrix.row(i), input, floats, histogram, params, symbols.text(nameId));
    });
    budget.returnTo(before);
    holdRows(context, matrix);
    return { table: resultTable, matrix };
  }

  /** Takes the histograms out of the rows of floats; returns by row the numbers of their label sets. */
  #splitNatives(table: SeriesTable, input: Matrix, floats: Matrix, { sets }: Numbering): Map<number, number> {
    const { scratch, arena } = this.context;
    const natives = new Map<number, number>();
    const set = new LabelSet();
    for (let i = 0; i < table.count; i++) {
      if (input.kindsAt[i] === 0) continue;
      floats.presenceAt[i] = scratch.take(this.layout.bitmapBytes);
      const hasNatives = floatSteps(arena.u32, input.row(i), floats.presenceAt[i], this.layout);
      if (hasNatives) natives.set(i, sets.add(set.load(table, i)));
    }
    return natives;
  }

  #histograms(
    table: SeriesTable,
    input: Matrix,
    { indexOf, sets }: Numbering,
    leId: number,
  ): readonly Histogram[] {
    const { symbols, arena } = this.context;
    const histograms: Histogram[] = Array.from({ length: sets.count }, () => ({
      rows: [],
      bounds: [],
      native: -1,
    }));
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
    warnOfBucketLabel(annotations, delayedNameRemoval ? metricName : "", text, this.#plan.inputSpan);
  }

  #fillRow(
    { valuesAt, presenceAt }: RowAt,
    input: Matrix,
    floats: Matrix,
    { rows, bounds, native }: Histogram,
    params: readonly Float64Array[],
    metricName: string,
  ): void {
    const { arena, annotations } = this.context;
    const { f64, u32 } = arena;
    const pool: Bucket[] = bounds.map((bound) => ({ upperBound: bound, count: 0 }));
    for (let s = 0; s < this.layout.steps; s++) {
      const buckets: Bucket[] = [];
      for (let b = 0; b < rows.length; b++) {
        if (!hasBit(u32, floats.presenceAt[rows[b]], s)) continue;
        const bucket = pool[b];
        bucket.upperBound = bounds[b];
        bucket.count = f64[(floats.valuesAt[rows[b]] >>> 3) + s];
        buckets.push(bucket);
      }
      const isNative =
        native >= 0 && hasBit(u32, input.presenceAt[native], s) && hasBit(u32, input.kindsAt[native], s);
      if (isNative && buckets.length > 0) {
        warnOfClassicAndNative(annotations, metricName, this.#plan.inputSpan);
      } else if (isNative || buckets.length > 0) {
        f64[(valuesAt >>> 3) + s] = isNative
          ? this.#ofNative(histogramAt(arena, input.valuesAt[native], s), params, s, metricName)
          : this.#ofBuckets(buckets, params, s, metricName);
        setBit(u32, presenceAt, s);
      }
    }
  }

  #ofBuckets(buckets: Bucket[], params: readonly Float64Array[], step: number, metricName: string): number {
    return params.length === 2
      ? bucketFraction(params[0][step], params[1][step], buckets)
      : this.#quantile(params[0][step], buckets, step, metricName);
  }

  #ofNative(h: FloatHistogram, params: readonly Float64Array[], step: number, metricName: string): number {
    const { annotations } = this.context;
    const { inputSpan } = this.#plan;
    if (params.length === 2) {
      const { value, note } = nativeFraction(params[0][step], params[1][step], h);
      if (note !== null) tellOfNaNFraction(annotations, metricName, inputSpan);
      return value;
    }
    const { value, note } = nativeQuantile(params[0][step], h);
    if (note === "nan") tellOfNaNQuantile(annotations, metricName, inputSpan);
    if (note === "skewed") tellOfSkewedQuantile(annotations, metricName, inputSpan);
    return value;
  }

  #quantile(phi: number, buckets: Bucket[], step: number, metricName: string): number {
    const { quantile, repair } = bucketQuantile(phi, buckets);
    if (repair !== null && this.#plan.repairsAreTold !== true) this.#tellRepair(repair, step, metricName);
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

function sortedByBound({ rows, bounds, native }: Histogram): Histogram {
  const order = bounds
    .map((_, i) => i)
    .sort((a, b) => (bounds[a] < bounds[b] ? -1 : bounds[a] > bounds[b] ? 1 : 0));
  return { rows: order.map((i) => rows[i]), bounds: order.map((i) => bounds[i]), native };
}
