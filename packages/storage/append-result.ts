/**
 * Verdicts on one sample. On the sample path a refusal is a value, counted and reported once per batch.
 */

/** What became of a sample. */
export const AppendResult = {
  /**
   * Will be stored by the commit (an exact repeat of the newest sample counts as accepted and is not stored
   * twice).
   */
  Accepted: 0,
  /** Same time as the newest sample, another value. */
  Duplicate: 1,
  /** Older than the newest sample of its series. */
  OutOfOrder: 2,
  /** Before the window in which the head takes samples. */
  OutOfBounds: 3,
  /** The series is gone (no samples for too long): resolve its labels again. */
  UnknownSeries: 4,
  /** No memory is left for another chunk. */
  StorageFull: 5,
} as const;
/** One of the verdicts. */
export type AppendResult = (typeof AppendResult)[keyof typeof AppendResult];

/** What became of an exemplar. */
export const ExemplarResult = {
  /** Kept, or equal to the newest one of its series. */
  Accepted: 0,
  /** Older than the newest one of its series, or as old and not greater. */
  OutOfOrder: 1,
  /** Its labels are too long, or its series is unknown. */
  Invalid: 2,
  /** The storage keeps no exemplars now. */
  Disabled: 3,
} as const;
/** One of the verdicts. */
export type ExemplarResult = (typeof ExemplarResult)[keyof typeof ExemplarResult];
