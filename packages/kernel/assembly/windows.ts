// What the kernels over the windows of a query share: presence words and a compensated addition. No kernel
// of its own; all inlined.
//
// Presence: bit s & 31 of word s >> 5 says that step s has a value.

// To be called after each step: `word` while it fills; a full one is stored, and the next starts empty.
// @ts-ignore: decorator
@inline
export function passWord(presence: usize, step: u32, word: u32): u32 {
  if ((step & 31) == 31) {
    store<u32>(presence + (<usize>(step >> 5) << 2), word);
    word = 0;
  }
  return word;
}

// To be called after the last step: stores the word that is not full.
// @ts-ignore: decorator
@inline
export function endWords(presence: usize, steps: u32, word: u32): void {
  if ((steps & 31) != 0) store<u32>(presence + (<usize>(steps >> 5) << 2), word);
}

// What `sum`, the rounded a + b, is short of the exact a + b.
// @ts-ignore: decorator
@inline
export function roundedOff(a: f64, b: f64, sum: f64): f64 {
  const part = sum - a;
  return (a - (sum - part)) + (b - part);
}
