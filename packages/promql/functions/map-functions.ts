/**
 * The table of functions that look at one value at a time and drop the metric name.
 */

import { goMax, goMin } from "./arithmetic.ts";
import { calendarFunctions } from "./calendar.ts";

/** One function of a value and up to two scalar arguments (NaN when not given). */
export interface MapFunction {
  readonly apply: (value: number, a: number, b: number) => number;
  /** Arguments for which there is no result at all. */
  readonly refuses: ((a: number, b: number) => boolean) | null;
  /** Arguments used when none are given. */
  readonly defaults: readonly number[];
}

/** All of them, by name. */
export const mapFunctions: ReadonlyMap<string, MapFunction> = new Map(
  Object.entries({
    abs: of(Math.abs),
    ceil: of(Math.ceil),
    floor: of(Math.floor),
    exp: of(Math.exp),
    sqrt: of(Math.sqrt),
    ln: of(Math.log),
    log2: of(Math.log2),
    log10: of(Math.log10),
    sin: of(Math.sin),
    cos: of(Math.cos),
    tan: of(Math.tan),
    asin: of(Math.asin),
    acos: of(Math.acos),
    atan: of(Math.atan),
    sinh: of(Math.sinh),
    cosh: of(Math.cosh),
    tanh: of(Math.tanh),
    asinh: of(Math.asinh),
    acosh: of(Math.acosh),
    atanh: of(Math.atanh),
    rad: of((value) => (value * Math.PI) / 180),
    deg: of((value) => (value * 180) / Math.PI),
    sgn: of((value) => (value < 0 ? -1 : value > 0 ? 1 : value)),
    round: { ...of(round), defaults: [1] },
    clamp: {
      ...of((value, low, high) => goMax(low, goMin(high, value))),
      refuses: (low, high) => high < low,
    },
    clamp_max: of((value, high) => goMax(-Infinity, goMin(high, value))),
    clamp_min: of((value, low) => goMax(low, goMin(Infinity, value))),
    ...Object.fromEntries(Object.entries(calendarFunctions).map(([name, apply]) => [name, of(apply)])),
  }),
);

function of(apply: MapFunction["apply"]): MapFunction {
  return { apply, refuses: null, defaults: [] };
}

/** To the nearest multiple, halves up. Multiplying by the inverse is what the original does. */
function round(value: number, nearest: number): number {
  const inverse = 1 / nearest;
  return Math.floor(value * inverse + 0.5) / inverse;
}
