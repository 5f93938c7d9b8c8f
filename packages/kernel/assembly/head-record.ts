// Kernel `head-record`: write-ahead log records of float samples (type 2). Interface: ../head-record.ts,
// definition: packages/tsdb/wal-record.ts.

// @ts-ignore: decorator
@inline
function putVarint(p: usize, value: i64): usize {
  let rest = <u64>((value << 1) ^ (value >> 63));
  while (rest >= 0x80) {
    store<u8>(p++, <u8>rest | 0x80);
    rest >>= 7;
  }
  store<u8>(p++, <u8>rest);
  return p;
}

export function recordEncodeSamples(
  refs: u32, times: u32, timeStride: u32, values: u32, keep: u32, count: u32, out: u32,
): u32 {
  let first: u32 = 0;
  while (first < count && load<u8>(keep + first) == 0) first++;
  if (first == count) return 0;
  const baseRef = <i64>load<u32>(refs + (first << 2));
  const baseTime = <i64>load<f64>(times + first * timeStride);
  store<u8>(out, 2);
  store<u64>(out, bswap<u64>(<u64>baseRef), 1);
  store<u64>(out, bswap<u64>(<u64>baseTime), 9);
  let p: usize = <usize>out + 17;
  for (let i = first; i < count; i++) {
    if (load<u8>(keep + i) == 0) continue;
    p = putVarint(p, <i64>load<u32>(refs + (i << 2)) - baseRef);
    p = putVarint(p, <i64>load<f64>(times + i * timeStride) - baseTime);
    store<u64>(p, bswap<u64>(load<u64>(values + (i << 3))));
    p += 8;
  }
  return <u32>p - out;
}

// Reads one varint into `into` (i64); returns the position behind it, 0 when it does not end before `end`.
function takeVarint(p: usize, end: usize, into: usize): usize {
  let value: u64 = 0;
  let shift: u64 = 0;
  while (p < end && shift < 64) {
    const byte = load<u8>(p++);
    value |= <u64>(byte & 0x7f) << shift;
    if (byte < 0x80) {
      store<i64>(into, <i64>(value >> 1) ^ -<i64>(value & 1));
      return p;
    }
    shift += 7;
  }
  return 0;
}

export function recordDecodeSamples(
  record: u32, sizeBytes: u32, refs: u32, times: u32, values: u32, word: u32,
): i32 {
  if (sizeBytes < 17) return sizeBytes == 1 ? 0 : -1;
  const end: usize = <usize>record + sizeBytes;
  const baseRef = <i64>bswap<u64>(load<u64>(record, 1));
  const baseTime = <i64>bswap<u64>(load<u64>(record, 9));
  let p: usize = <usize>record + 17;
  let count: u32 = 0;
  while (p < end) {
    p = takeVarint(p, end, word);
    if (p == 0) return -1;
    const ref = baseRef + load<i64>(word);
    p = takeVarint(p, end, word);
    if (p == 0 || p + 8 > end) return -1;
    // Refs beyond 32 bits are not ours: 0 is "unknown".
    store<u32>(refs + (count << 2), ref > 0 && ref <= 0xffffffff ? <u32>ref : 0);
    store<f64>(times + (count << 3), <f64>(baseTime + load<i64>(word)));
    store<u64>(values + (count << 3), bswap<u64>(load<u64>(p)));
    p += 8;
    count++;
  }
  return <i32>count;
}
