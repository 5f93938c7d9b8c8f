/**
 * The order of strings by their UTF-8 bytes, which is Go's order and the order of labels everywhere on disk
 * and wire. JavaScript's `<` compares UTF-16 units and puts U+E000…U+FFFF after astral characters: wrong
 * here.
 */

/** Negative, zero or positive as `a` sorts before, equal to or after `b` in UTF-8 byte order. */
export function compareUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return lift(x) - lift(y);
  }
  return a.length - b.length;
}

/** Moves surrogates (astral characters) above U+FFFF, where UTF-8 has them. */
function lift(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x2000 + 0x10000 : unit;
}
