/**
 * Kernel `rows`: arithmetic on rows of float64 (a row: one series, all steps). Definition:
 * `@narthex/promql` functions/arithmetic.ts, step by step.
 */

/**
 * Functions of assembly/rows.ts. Rows are 16-byte aligned addresses, counts are elements; a row may be
 * over-read.
 */
export interface RowsKernel {
  /** Sets `count` float64s at `row` to `value`. */
  rowFill(row: number, count: number, value: number): void;
  /**
   * `out = left op right` on every step, present or not. `op`: 0 + · 1 - · 2 * · 3 /. `out` may be an
   * operand.
   */
  rowArithmetic(op: number, left: number, right: number, steps: number, out: number): void;
  /** Where `left op right` holds, as a bitmap in u32 words. `op`: 0 == · 1 != · 2 < · 3 > · 4 <= · 5 >=. */
  rowCompare(op: number, left: number, right: number, steps: number, bitmap: number): void;
  /** Copies the present steps of a row to columns of times and values; returns how many. */
  rowSamples(
    values: number,
    presence: number,
    steps: number,
    firstTime: number,
    step: number,
    outTimes: number,
    outValues: number,
  ): number;
}
