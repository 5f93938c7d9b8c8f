/**
 * What a native histogram says about counter resets: one number, as histograms and their encodings hold it.
 */

/** The hints. */
export const CounterResetHint = {
  /** Nobody knows: look at the buckets. */
  Unknown: 0,
  /** A reset lies between the previous histogram and this one. */
  Reset: 1,
  /** There was no reset. */
  NotReset: 2,
  /** A gauge, where resets do not happen. */
  Gauge: 3,
} as const;
/** One of the hints. */
export type CounterResetHint = (typeof CounterResetHint)[keyof typeof CounterResetHint];
