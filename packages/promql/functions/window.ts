/**
 * Windows of samples: definition of the kernel `range-windows` (bounds, selection) and what range functions
 * are given.
 */

/**
 * The samples of one series in one window: indexes [low, high) of columns, times ascending. Mutable,
 * reused.
 */
export class Window {
  times: Float64Array = new Float64Array(0);
  values: Float64Array = new Float64Array(0);
  /** Start timestamps of the samples (ms, 0 for none), null when they are not to be looked at. */
  starts: Float64Array | null = null;
  low = 0;
  high = 0;
  /** The evaluation time. */
  timeMs = 0;
  /** The window is (startMs, endMs]. */
  startMs = 0;
  endMs = 0;
  /** Scalar arguments at this step. */
  readonly params: number[] = [];

  get count(): number {
    return this.high - this.low;
  }

  get first(): number {
    return this.values[this.low];
  }

  get last(): number {
    return this.values[this.high - 1];
  }
}

/** Index of the first of `count` ascending times that is after `timeMs`. */
export function firstAfter(times: Float64Array, count: number, timeMs: number): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (times[middle] <= timeMs) low = middle + 1;
    else high = middle;
  }
  return low;
}
