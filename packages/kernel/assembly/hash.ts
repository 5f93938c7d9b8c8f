// Kernel `hash`: 32-bit hashes of bytes and of words, for hash tables in the arena. Interface: ../hash.ts.
// Multiply-and-fold over 64-bit words; not for anything that leaves the process.

const SEED: u64 = 0x9e3779b97f4a7c15;
const FACTOR: u64 = 0xbf58476d1ce4e5b9;

// @ts-ignore: decorator
@inline
function fold(hash: u64, word: u64): u64 {
  const mixed = (hash ^ word) * FACTOR;
  return mixed ^ (mixed >> 32);
}

// @ts-ignore: decorator
@inline
function finish(hash: u64): u32 {
  const mixed = (hash ^ (hash >> 29)) * FACTOR;
  return <u32>(mixed >> 32);
}

export function hashBytes(at: u32, sizeBytes: u32): u32 {
  let hash = fold(SEED, <u64>sizeBytes);
  let p: usize = at;
  const end = p + sizeBytes;
  while (p + 8 <= end) {
    hash = fold(hash, load<u64>(p));
    p += 8;
  }
  let tail: u64 = 0;
  let shift: u64 = 0;
  while (p < end) {
    tail |= <u64>load<u8>(p) << shift;
    shift += 8;
    p++;
  }
  return finish(fold(hash, tail));
}

export function hashWords(at: u32, count: u32): u32 {
  let hash = fold(SEED, <u64>count);
  for (let i: u32 = 0; i < count; i++) hash = fold(hash, <u64>load<u32>(at + (i << 2)));
  return finish(hash);
}
