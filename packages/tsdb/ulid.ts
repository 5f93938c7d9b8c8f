/**
 * ULIDs, the names of blocks: 48 bits of time (milliseconds), 80 bits of chance, as 26 letters of
 * Crockford's base 32. Their order as text is the order of their times.
 */

import type { Random } from "@narthex/platform/random";

const letters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** A new name for a block made at `nowMs`. */
export function makeUlid(nowMs: number, random: Random): string {
  let text = "";
  for (let rest = nowMs, i = 0; i < 10; i++) {
    text = letters[rest % 32] + text;
    rest = Math.floor(rest / 32);
  }
  for (let i = 0; i < 16; i++) text += letters[random.below(32)];
  return text;
}

/** Whether `text` is a ULID. */
export function isUlid(text: string): boolean {
  return /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/u.test(text);
}

/** The time in a ULID, milliseconds. */
export function ulidTimeMs(ulid: string): number {
  let time = 0;
  for (const letter of ulid.slice(0, 10)) time = time * 32 + letters.indexOf(letter);
  return time;
}
