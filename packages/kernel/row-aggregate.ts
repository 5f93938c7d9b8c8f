/**
 * Kernel `row-aggregate`: adds one row (a series, all steps) to the row of its group.
 *
 * Definition: `@narthex/promql` functions/over-time.ts (`sumOf`, `meanOf`, `extremeOf` over the values of
 * one step). Sums are compensated (Kahan, Neumaier's variant); the order of addition is the order of calls.
 */

/**
 * Functions of assembly/row-aggregate.ts. Rows are addresses of `steps` float64s, padded to whole 32 steps;
 * `presence` and `seen` are bitmaps in u32 words. `seen` starts as zeros and says where the group has a
 * value; other rows of the group need no initial content.
 */
export interface RowAggregateKernel {
  rowAdd(values: number, presence: number, steps: number, sums: number, lost: number, seen: number): void;
  /** Adds what was lost to the sums. */
  rowSumFinish(sums: number, lost: number, steps: number): void;
  /** Counts become negative where the sum would overflow and the mean is kept instead. */
  rowMean(
    values: number,
    presence: number,
    steps: number,
    means: number,
    lost: number,
    counts: number,
    seen: number,
  ): void;
  rowMeanFinish(means: number, lost: number, counts: number, steps: number): void;
  /** Largest (`sign` 1) or smallest (-1) value; NaN only where all are. */
  rowExtreme(
    values: number,
    presence: number,
    steps: number,
    sign: number,
    extremes: number,
    seen: number,
  ): void;
  rowCount(presence: number, steps: number, counts: number, seen: number): void;
}
