/**
 * Kernel `range-windows`: samples of one series onto the steps of a query, in one walk over the samples.
 *
 * Definitions: `@narthex/promql` functions/window.ts (bounds, selection) and functions/rate.ts
 * (extrapolation). Tricks: windows only move forward; what extrapolation needs of the times alone
 * (`rateTerms`) is computed once for all series with equal times; resets are listed once with a
 * double-double running sum, so that each step needs two of its entries; a division only where the
 * counter's zero point may lie inside the window.
 */

/**
 * Functions of assembly/range-windows.ts. Times are float64 milliseconds. A presence bitmap has one bit per
 * step, in u32 words; each function writes all words of the row and returns how many bits are set.
 */
export interface RangeWindowsKernel {
  /**
   * Writes the sample indexes [low, high) of the window (end - range, end] of each step as two u32 to
   * `bounds`. Returns how many windows are not empty.
   */
  windowBounds(
    times: number,
    count: number,
    firstEnd: number,
    step: number,
    steps: number,
    range: number,
    bounds: number,
  ): number;
  /**
   * 32 bytes per step for `counterRow` and `deltaRow`. `perSeconds`: what the result is divided by (1:
   * nothing).
   */
  rateTerms(
    times: number,
    bounds: number,
    firstEnd: number,
    step: number,
    steps: number,
    range: number,
    perSeconds: number,
    terms: number,
  ): void;
  /**
   * Resets of a counter, 24 bytes each: index, running sum of what was lost (high, low). Returns how many.
   */
  listResets(values: number, count: number, resets: number): number;
  /** rate and increase. `resets`: room for 24 × count bytes. No staleness markers among the values. */
  counterRow(
    values: number,
    count: number,
    bounds: number,
    steps: number,
    terms: number,
    perSeconds: number,
    resets: number,
    out: number,
    presence: number,
  ): number;
  /** delta. */
  deltaRow(
    values: number,
    bounds: number,
    steps: number,
    terms: number,
    out: number,
    presence: number,
  ): number;
  /**
   * The newest sample in (time - lookback, time] of each step, its value or (`asTime`) its time in seconds.
   * With `hasStale`, a staleness marker ends the series.
   */
  selectRow(
    times: number,
    values: number,
    count: number,
    hasStale: number,
    firstTime: number,
    step: number,
    steps: number,
    lookback: number,
    asTime: number,
    out: number,
    presence: number,
  ): number;
  /** Copies the samples that are no staleness markers; returns how many. */
  dropStale(times: number, values: number, count: number, outTimes: number, outValues: number): number;
  /** 1 when two columns of float64s have equal bits. */
  sameColumn(a: number, b: number, count: number): number;
}
