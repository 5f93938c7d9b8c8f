/**
 * Assertions: the way a bug of ours is reported. Bad bytes and a bad world are thrown as their own error
 * classes.
 */

/** A broken promise between parts of this program; never caused by input. */
export class AssertionError extends Error {
  override readonly name = "AssertionError";
}

/** Throws `AssertionError` with `sentence` (what must hold) unless `condition` holds. */
export function assert(condition: boolean, sentence: string): asserts condition {
  if (!condition) throw new AssertionError(`must hold: ${sentence}`);
}

/** For the default branch of an exhaustive switch: a new case does not compile until it is handled. */
export function unreachable(value: never): never {
  throw new AssertionError(`unexpected case: ${JSON.stringify(value)}`);
}
