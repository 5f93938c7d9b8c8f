/**
 * Sum, mean, extremes, variance and quantile of some numbers: definition of the kernels `over-time` (the
 * values of a window) and `row-aggregate` (the values of a group at one step).
 */

import { KahanSum } from "./kahan.ts";

/** Compensated sum of `values[low]` … `values[high - 1]`. */
export function sumOf(values: ArrayLike<number>, low: number, high: number): number {
  const sum = new KahanSum();
  for (let i = low; i < high; i++) sum.add(values[i]);
  return Math.abs(sum.sum) === Infinity ? sum.sum : sum.sum + sum.lost;
}

/** Mean of a non-empty range: by the compensated sum, or incrementally from where that would overflow. */
export function meanOf(values: ArrayLike<number>, low: number, high: number): number {
  const sum = new KahanSum();
  sum.sum = values[low];
  let incremental = false;
  for (let i = low + 1; i < high; i++) {
    const count = i - low + 1;
    if (!incremental) {
      if (Math.abs(sum.sum + values[i]) !== Infinity) {
        sum.add(values[i]);
        continue;
      }
      incremental = true;
      sum.sum /= count - 1;
      sum.lost /= count - 1;
    }
    const share = (count - 1) / count;
    sum.sum *= share;
    sum.lost *= share;
    sum.add(values[i] / count);
  }
  const count = high - low;
  return incremental ? sum.sum + sum.lost : sum.sum / count + sum.lost / count;
}

/** Largest (`sign` 1) or smallest (`sign` -1) of a non-empty range; NaN only when all are. */
export function extremeOf(values: ArrayLike<number>, low: number, high: number, sign: 1 | -1): number {
  let best = values[low];
  for (let i = low; i < high; i++) if (sign * values[i] > sign * best || Number.isNaN(best)) best = values[i];
  return best;
}

/** Population variance of a non-empty range (Welford, compensated). */
export function varianceOf(values: ArrayLike<number>, low: number, high: number): number {
  const mean = new KahanSum();
  const squares = new KahanSum();
  for (let i = low; i < high; i++) {
    const delta = values[i] - (mean.sum + mean.lost);
    mean.add(delta / (i - low + 1));
    squares.add(delta * (values[i] - (mean.sum + mean.lost)));
  }
  return (squares.sum + squares.lost) / (high - low);
}

/** Ascending with NaN first, the order quantiles and sorting use. */
function compareNaNFirst(a: number, b: number): number {
  if (a < b) return -1;
  if (a > b) return 1;
  return (Number.isNaN(b) ? 1 : 0) - (Number.isNaN(a) ? 1 : 0);
}

/** The φ-quantile, linear between neighbours. Sorts `values` in place. */
export function quantileOf(phi: number, values: Float64Array): number {
  const count = values.length;
  if (count === 0 || Number.isNaN(phi)) return NaN;
  if (phi < 0) return -Infinity;
  if (phi > 1) return Infinity;
  values.sort(compareNaNFirst);
  const rank = phi * (count - 1);
  const lower = Math.max(0, Math.floor(rank));
  const upper = Math.min(count - 1, lower + 1);
  const weight = rank - Math.floor(rank);
  return values[lower] * (1 - weight) + values[upper] * weight;
}
