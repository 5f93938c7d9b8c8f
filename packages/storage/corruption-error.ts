/**
 * Bytes that are not what they should be. Never an assertion: the world did this, not we. Only replay, the
 * block loader and the log decide to repair, and they set aside, never delete.
 */

/** What is wrong, in which file and where. */
export class CorruptionError extends Error {
  override readonly name = "CorruptionError";
  readonly file: string;
  readonly offset: number;

  constructor(file: string, offset: number, what: string, options?: ErrorOptions) {
    super(`${file} at offset ${offset}: ${what}`, options);
    this.file = file;
    this.offset = offset;
  }
}
