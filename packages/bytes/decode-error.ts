/**
 * Bytes that do not have the form that was expected. The readers of this package throw it; who knows the
 * file and the place turns it into an error that names them.
 */

/** The input ends too early, or holds a number that is out of range. */
export class DecodeError extends Error {
  override readonly name = "DecodeError";
}
