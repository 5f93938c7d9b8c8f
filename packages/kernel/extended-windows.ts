/**
 * Kernel `extended-windows`: anchored and smoothed windows of one series at all steps. Definition:
 * `@narthex/promql` functions/extended-change.ts.
 */

/** Flags of `extendedRow`. */
export const extendedFlags = { smoothed: 1, counter: 2 } as const;

/**
 * Functions of assembly/extended-windows.ts. Columns are float64, `bounds` those that `windowBounds` made for
 * the extended windows; times are whole milliseconds. Bits of `presence` behind the last step are 0; the
 * result is how many bits are set.
 */
export interface ExtendedWindowsKernel {
  /**
   * The change over the window (end - range, end] with end = firstEnd + s × step, divided by `perSeconds`.
   * `falls`: room for `count` u32.
   */
  extendedRow(
    times: number,
    values: number,
    count: number,
    bounds: number,
    firstEnd: number,
    step: number,
    steps: number,
    range: number,
    flags: number,
    perSeconds: number,
    falls: number,
    out: number,
    presence: number,
  ): number;
  /** The interpolated value at firstTime + s × step. */
  smoothedRow(
    times: number,
    values: number,
    bounds: number,
    firstTime: number,
    step: number,
    steps: number,
    out: number,
    presence: number,
  ): number;
}
