// Kernel `xor-chunk`: decodes XOR chunks into float64 columns. Definition: chunk/xor-chunk.ts.
// One load of eight bytes, byte-swapped and shifted, gives at least 57 valid bits: flag, class and payload
// of a time or the head of a value come from one register. Reads up to 16 bytes behind the chunk.

// @ts-ignore: a decorator of AssemblyScript
@inline function window(base: usize, pos: u32): u64 {
  return bswap<u64>(load<u64>(base + (pos >> 3))) << (pos & 7);
}

// n in 1 … 64
// @ts-ignore: a decorator of AssemblyScript
@inline function bitsAt(base: usize, pos: u32, n: u32): u64 {
  const shift = pos & 7;
  let word = bswap<u64>(load<u64>(base + (pos >> 3))) << shift;
  if (shift + n > 64) word |= <u64>load<u8>(base + (pos >> 3) + 8) >> (8 - shift);
  return word >> (64 - n);
}

// The position behind a varint of at most ten bytes that starts at byte `at`; 0 when it is longer or cut.
function varintEnd(base: usize, at: u32, size: u32): u32 {
  for (let i: u32 = 0; i < 10 && at + i < size; i++) {
    const byte = load<u8>(base + at + i);
    if (i == 9 && byte > 1) return 0;
    if (byte < 128) return at + i + 1;
  }
  return 0;
}

// The value of the varint that lies between two positions `varintEnd` has approved, read at any bit position.
function varintValue(base: usize, at: u32, end: u32): u64 {
  let value: u64 = 0;
  for (let i = at, shift: u64 = 0; i < end; i++, shift += 7) {
    value |= <u64>(load<u8>(base + i) & 127) << shift;
  }
  return value;
}

export function xorDecode(chunk: u32, sizeBytes: u32, limit: u32, times: u32, values: u32): i32 {
  return decode(false, chunk, sizeBytes, limit, 0, 0, times, values, 0);
}

export function xorDecodeRange(
  chunk: u32, sizeBytes: u32, limit: u32, minTimeMs: f64, maxTimeMs: f64, times: u32, values: u32, stale: u32,
): i32 {
  return decode(true, chunk, sizeBytes, limit, minTimeMs, maxTimeMs, times, values, stale);
}

// The change of the time's delta, for a prefix of 1 … 3 ones, a zero, and 14, 17 or 20 bits.
// @ts-ignore: a decorator of AssemblyScript
@inline function shortChange(w: u64, ones: u64): i64 {
  const bits = 11 + 3 * ones;
  const change = <i64>((w << (ones + 1)) >> (64 - bits));
  return change > <i64>1 << (bits - 1) ? change - (<i64>1 << bits) : change;
}

// Two instances of this body, with and without a range, come from inlining. A sample outside the range is
// written too, and written over by the next one.
// @ts-ignore: a decorator of AssemblyScript
@inline function decode(
  ranged: bool, base: usize, size: u32, limit: u32, minTime: f64, maxTime: f64,
  times: u32, values: u32, stale: u32,
): i32 {
  if (limit == 0) return 0;
  const firstEnd = varintEnd(base, 2, size);
  if (firstEnd == 0 || firstEnd + 8 > size) return -1;
  const zigzag = varintValue(base, 2, firstEnd);
  let t = <i64>(zigzag >> 1) ^ -<i64>(zigzag & 1);
  let v = bswap<u64>(load<u64>(base + firstEnd));
  let pos = (firstEnd + 8) << 3;
  const end = size << 3;
  let delta: i64 = 0;
  let width: u32 = 64;
  let trailing: u32 = 0;
  let staleCount: u32 = 0;
  const firstTime = times;
  for (let i: u32 = 1; ; i++) {
    const time = <f64>t;
    if (ranged && time > maxTime) break;
    store<f64>(times, time);
    store<u64>(values, v);
    const kept = <u32>(!ranged || time >= minTime);
    times += kept << 3;
    values += kept << 3;
    if (ranged) staleCount += kept & <u32>(v == 0x7ff0000000000002);
    if (i == limit) break;
    let w = window(base, pos);
    if (i == 1) {
      const deltaEnd = varintEnd(base, pos >> 3, size);
      if (deltaEnd == 0) return -1;
      delta = <i64>varintValue(base, pos >> 3, deltaEnd);
      pos = deltaEnd << 3;
      w = window(base, pos);
    } else if (<i64>w >= 0) {
      pos += 1;
      w <<= 1;
    } else {
      const ones = clz<u64>(~w);
      if (ones < 4) {
        delta += shortChange(w, ones);
        pos += 12 + 4 * <u32>ones;
      } else {
        if (pos + 68 > end) return -1;
        delta += <i64>bitsAt(base, pos + 4, 64);
        pos += 68;
      }
      w = window(base, pos);
    }
    t += delta;
    if (<i64>w >= 0) {
      pos += 1;
    } else if ((w & (<u64>1 << 62)) == 0) {
      v ^= bitsAt(base, pos + 2, width) << trailing;
      pos += 2 + width;
    } else {
      width = ((<u32>(w >> 51) - 1) & 63) + 1;
      trailing = 64 - (<u32>(w >> 57) & 31) - width;
      if (<i32>trailing < 0) return -1;
      v ^= bitsAt(base, pos + 13, width) << trailing;
      pos += 13 + width;
    }
    if (pos > end) return -1;
  }
  if (ranged) store<u32>(stale, load<u32>(stale) + staleCount);
  return (times - firstTime) >> 3;
}

// @ts-ignore: a decorator of AssemblyScript
@inline function putBits(base: usize, pos: u32, value: u64, n: u32): u32 {
  const at = base + (pos >> 3);
  const free: u32 = 64 - (pos & 7);
  const kept = n == 64 ? value : value & ((<u64>1 << n) - 1);
  const word = load<u64>(at);
  if (free >= n) {
    store<u64>(at, word | bswap<u64>(kept << (free - n)));
  } else {
    store<u64>(at, word | bswap<u64>(kept >> (n - free)));
    store<u8>(at + 8, <u8>(kept << (8 + free - n)));
  }
  return pos + n;
}

function putVarint(base: usize, at: u32, value: u64): u32 {
  while (value > 127) {
    store<u8>(base + at++, <u8>(value | 128));
    value >>= 7;
  }
  store<u8>(base + at, <u8>value);
  return at + 1;
}

// @ts-ignore: a decorator of AssemblyScript
@inline function putTime(base: usize, pos: u32, d: i64): u32 {
  if (d == 0) return pos + 1;
  if (d >= -8191 && d <= 8192) return putBits(base, pos, (<u64>2 << 14) | (<u64>d & 0x3fff), 16);
  if (d >= -65535 && d <= 65536) return putBits(base, pos, (<u64>6 << 17) | (<u64>d & 0x1ffff), 20);
  if (d >= -524287 && d <= 524288) return putBits(base, pos, (<u64>14 << 20) | (<u64>d & 0xfffff), 24);
  return putBits(base, putBits(base, pos, 15, 4), <u64>d, 64);
}

export function xorEncode(times: u32, values: u32, count: u32, chunk: u32): u32 {
  const base: usize = chunk;
  memory.fill(base, 0, 32 + count * 19);
  store<u16>(base, bswap<u16>(<u16>count));
  if (count == 0) return 2;
  let t = <i64>load<f64>(times);
  let v = load<u64>(values);
  let pos = putVarint(base, 2, <u64>(t << 1) ^ <u64>(t >> 63)) << 3;
  pos = putBits(base, pos, v, 64);
  let delta: i64 = 0;
  let leading: u32 = 255;
  let trailing: u32 = 0;
  for (let i: u32 = 1; i < count; i++) {
    const next = <i64>load<f64>(times + (i << 3));
    const step = next - t;
    pos = i == 1 ? putVarint(base, pos >> 3, <u64>step) << 3 : putTime(base, pos, step - delta);
    delta = step;
    t = next;
    const bits = load<u64>(values + (i << 3));
    const x = bits ^ v;
    v = bits;
    if (x == 0) {
      pos += 1;
      continue;
    }
    const lead = min<u32>(<u32>clz<u64>(x), 31);
    const trail = <u32>ctz<u64>(x);
    if (leading != 255 && lead >= leading && trail >= trailing) {
      pos = putBits(base, pos, 2, 2);
      pos = putBits(base, pos, x >> trailing, 64 - leading - trailing);
      continue;
    }
    leading = lead;
    trailing = trail;
    const width = 64 - lead - trail;
    pos = putBits(base, pos, (<u64>3 << 11) | (<u64>lead << 6) | <u64>(width & 63), 13);
    pos = putBits(base, pos, x >> trail, width);
  }
  return (pos + 7) >> 3;
}
