// Kernel `crc32c`. Definition: bytes/crc32c.ts. Sixteen tables of 256 words at `table`, made by
// `crcTableMake`: constants once made, the same for every thread.

export function crcTableMake(table: u32): void {
  for (let i: u32 = 0; i < 256; i++) {
    let value = i;
    for (let bit = 0; bit < 8; bit++) value = (value & 1) != 0 ? (value >> 1) ^ 0x82f63b78 : value >> 1;
    store<u32>(table + (i << 2), value);
  }
  for (let i: u32 = 0; i < 256; i++) {
    let value = load<u32>(table + (i << 2));
    for (let k: u32 = 1; k < 16; k++) {
      value = load<u32>(table + ((value & 255) << 2)) ^ (value >> 8);
      store<u32>(table + (k << 10) + (i << 2), value);
    }
  }
}

// The entry of table `k` for byte `n` (0 … 7) of a word.
// @ts-ignore: a decorator of AssemblyScript
@inline function entry(table: u32, word: u64, n: u64, k: u32): u32 {
  return load<u32>(table + (k << 10) + (<u32>((word >> (n << 3)) & 255) << 2));
}

export function crc32c(table: u32, at: u32, sizeBytes: u32, before: u32): u32 {
  let crc = ~before;
  const end = at + sizeBytes;
  const last = at + (sizeBytes & ~15);
  for (; at < last; at += 16) {
    const a = load<u64>(at) ^ <u64>crc;
    const b = load<u64>(at, 8);
    crc = entry(table, a, 0, 15) ^ entry(table, a, 1, 14) ^ entry(table, a, 2, 13) ^ entry(table, a, 3, 12) ^
      entry(table, a, 4, 11) ^ entry(table, a, 5, 10) ^ entry(table, a, 6, 9) ^ entry(table, a, 7, 8) ^
      entry(table, b, 0, 7) ^ entry(table, b, 1, 6) ^ entry(table, b, 2, 5) ^ entry(table, b, 3, 4) ^
      entry(table, b, 4, 3) ^ entry(table, b, 5, 2) ^ entry(table, b, 6, 1) ^ entry(table, b, 7, 0);
  }
  for (; at < end; at++) crc = load<u32>(table + (((crc ^ <u32>load<u8>(at)) & 255) << 2)) ^ (crc >> 8);
  return ~crc;
}
