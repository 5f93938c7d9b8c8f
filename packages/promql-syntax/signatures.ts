/**
 * The functions of the language: what they take and what they give.
 */

import type { ValueType } from "./ast.ts";

/** One function. */
export interface FunctionSignature {
  readonly name: string;
  /** Types of the arguments; the last one is the type of all further arguments of a variadic function. */
  readonly args: readonly ValueType[];
  /** 0: exactly `args`; n: the last argument 0 to n times; -1: the last argument any number of times. */
  readonly variadic: number;
  readonly returns: ValueType;
  /** Whether it must be switched on. */
  readonly isExperimental: boolean;
}

const types: Readonly<Record<string, ValueType>> = {
  v: "instant vector",
  m: "range vector",
  s: "scalar",
  t: "string",
};

/**
 * Argument types (v instant vector, m range vector, s scalar, t string), `*n` variadic, `!` experimental:
 * names.
 */
const rows: readonly (readonly [string, string])[] = [
  [
    "v",
    "abs absent acos acosh asin asinh atan atanh ceil cos cosh deg exp floor histogram_avg histogram_count",
  ],
  ["v", "histogram_stddev histogram_stdvar histogram_sum ln log10 log2 rad sgn sin sinh sort sort_desc sqrt"],
  ["v", "tan tanh timestamp"],
  ["v!", "start_timestamp"],
  ["v*1", "day_of_month day_of_week day_of_year days_in_month hour minute month year"],
  ["m", "absent_over_time avg_over_time changes count_over_time delta deriv first_over_time idelta increase"],
  ["m", "irate last_over_time max_over_time min_over_time present_over_time rate resets stddev_over_time"],
  ["m", "stdvar_over_time sum_over_time"],
  ["m!", "mad_over_time ts_of_first_over_time ts_of_last_over_time ts_of_max_over_time ts_of_min_over_time"],
  ["vss", "clamp"],
  ["vs", "clamp_max clamp_min"],
  ["vs*1", "round"],
  ["ssv", "histogram_fraction"],
  ["sv", "histogram_quantile"],
  ["vtss*9!", "histogram_quantiles"],
  ["mss!", "double_exponential_smoothing"],
  ["ms", "predict_linear"],
  ["sm", "quantile_over_time"],
  ["vv*1!", "info"],
  ["vtttt", "label_replace"],
  ["vttt*-1", "label_join"],
  ["vt*-1!", "sort_by_label sort_by_label_desc"],
  ["s", "vector"],
  ["=s", "pi time"],
  ["v=s", "scalar"],
  ["=s!", "end range start step"],
  ["ss=s!", "max_of min_of"],
];

function signature(name: string, shape: string): FunctionSignature {
  const variadic = /\*(-?\d+)/u.exec(shape)?.[1] ?? "0";
  const args = (/^[vmst]*/u.exec(shape)?.[0] ?? "").split("").map((letter) => types[letter] as ValueType);
  return {
    name,
    args,
    variadic: Number(variadic),
    returns: shape.includes("=s") ? "scalar" : "instant vector",
    isExperimental: shape.endsWith("!"),
  };
}

/** Every function by its name. */
export const functionSignatures: ReadonlyMap<string, FunctionSignature> = new Map(
  rows.flatMap(([shape, names]) => names.split(" ").map((name) => [name, signature(name, shape)] as const)),
);
