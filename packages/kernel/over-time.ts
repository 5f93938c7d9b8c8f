/**
 * Kernel `over-time`: sums, means, extremes and edges of the windows of one series.
 *
 * Definition: `@narthex/promql` functions/over-time.ts.
 * Tricks: the sum of a window is the difference of two running sums in double-double, exact to about 1e-30
 * of the running sum, so a window costs the same whatever its length; extremes keep a queue of candidates.
 * Series whose sums are not finite, or 10^15 times as large as their smallest value, are scanned window by
 * window, as the definition does.
 */

/** Functions of assembly/over-time.ts. Bounds and presence as in range-windows.ts; returns: bits set. */
export interface OverTimeKernel {
  /**
   * Running sums (high, low) of the values, count + 1 entries of 16 bytes. 0 when they are not exact
   * enough.
   */
  sumPrefix(values: number, count: number, prefix: number): number;
  /**
   * Sum, or mean when `mean` is 1, of each window that is not empty. `exact`: what `sumPrefix` returned.
   */
  sumRow(
    values: number,
    bounds: number,
    steps: number,
    prefix: number,
    exact: number,
    mean: number,
    out: number,
    presence: number,
  ): number;
  /**
   * Largest (`sign` 1) or smallest (-1) value; NaN only where all are. `queue`: room for one u32 per
   * sample.
   */
  extremeRow(
    values: number,
    bounds: number,
    steps: number,
    sign: number,
    queue: number,
    out: number,
    presence: number,
  ): number;
  /** The last value, bit by bit. May read one value of an empty column. */
  lastRow(values: number, bounds: number, steps: number, out: number, presence: number): number;
  /** `what`: 0 how many samples, 1 the last value, 2 the first value, 3 the number one. */
  edgeRow(values: number, bounds: number, steps: number, what: number, out: number, presence: number): number;
}
