// Kernel `xor2-chunk`: decodes XOR2 chunks into float64 columns. Definition: chunk/xor2-chunk.ts.
// As in xor-chunk.ts, one load of eight bytes gives at least 57 valid bits, enough for every prefix with what
// describes its payload. The position is checked before each payload that could lead beyond the 16 readable
// bytes behind the chunk.

const STALE: u64 = 0x7ff0000000000002;

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

function varintValue(base: usize, at: u32, end: u32): u64 {
  let value: u64 = 0;
  for (let i = at, shift: u64 = 0; i < end; i++, shift += 7) {
    value |= <u64>(load<u8>(base + i) & 127) << shift;
  }
  return value;
}

// @ts-ignore: a decorator of AssemblyScript
@inline function signed(zigzag: u64): i64 {
  return <i64>(zigzag >> 1) ^ -<i64>(zigzag & 1);
}

// Widths of varbits by the ones before them: 0, 3, 6, 9, 12, 18, 25, 56, 64, a byte each.
// @ts-ignore: a decorator of AssemblyScript
@inline function varbitWidth(ones: u32): u32 {
  return ones == 8 ? 64 : <u32>(<u64>0x3819120c09060300 >> (ones << 3)) & 255;
}

// @ts-ignore: a decorator of AssemblyScript
@inline function varbitOnes(base: usize, pos: u32): u32 {
  return min<u32>(<u32>clz<u64>(~window(base, pos)), 8);
}

// The varbit at `pos`, of as many bits as `varbitBits` says.
function varbitAt(base: usize, pos: u32): i64 {
  const ones = varbitOnes(base, pos);
  const width = varbitWidth(ones);
  if (width == 0) return 0;
  const bits = bitsAt(base, pos + min<u32>(ones + 1, 8), width);
  if (width == 64) return <i64>bits;
  return bits > <u64>1 << (width - 1) ? <i64>(bits - (<u64>1 << width)) : <i64>bits;
}

function varbitBits(base: usize, pos: u32): u32 {
  const ones = varbitOnes(base, pos);
  return min<u32>(ones + 1, 8) + varbitWidth(ones);
}

// How a value follows, and how many bits say so.
const SAME: u32 = 0;
const VALUE: u32 = 1;
const REUSE: u32 = 2;
const RENEW: u32 = 3;
const MARKER: u32 = 4;

// The form of a value with its own prefix: `0`, `10`, `110`, `111`.
// @ts-ignore: a decorator of AssemblyScript
@inline function valueForm(ones: u32): u32 {
  return ones == 0 ? SAME : ones == 1 ? REUSE : ones == 2 ? RENEW : MARKER;
}

export function xor2DecodeRange(
  chunk: u32, size: u32, limit: u32, minTime: f64, maxTime: f64,
  times: u32, values: u32, starts: u32, stale: u32,
): i32 {
  if (limit == 0) return 0;
  const base: usize = chunk;
  if (size < 4) return -1;
  const header: u32 = load<u8>(base, 2);
  const firstEnd = varintEnd(base, 3, size);
  if (firstEnd == 0 || firstEnd + 8 > size) return -1;
  const t = signed(varintValue(base, 3, firstEnd));
  let at = firstEnd + 8;
  let start: i64 = 0;
  if (header >= 128) {
    const startEnd = varintEnd(base, at, size);
    if (startEnd == 0) return -1;
    start = t - signed(varintValue(base, at, startEnd));
    at = startEnd;
  }
  const v = bswap<u64>(load<u64>(base + firstEnd));
  return decode(
    base, at << 3, size << 3, limit, header & 127, t, v, start,
    minTime, maxTime, times, values, starts, stale,
  );
}

// Writes the first sample, then decodes and writes the others.
function decode(
  base: usize, pos: u32, end: u32, limit: u32, changeOn: u32, t: i64, v: u64, start: i64,
  minTime: f64, maxTime: f64, times: u32, values: u32, starts: u32, stale: u32,
): i32 {
  let baseline: u64 = v == STALE ? 0 : v;
  let delta: i64 = 0;
  let difference: i64 = 0;
  let width: u32 = 64;
  let trailing: u32 = 0;
  let kept: u32 = 0;
  for (let i: u32 = 1; ; i++) {
    const time = <f64>t;
    if (time > maxTime) break;
    if (time >= minTime) {
      store<f64>(times + (kept << 3), time);
      store<u64>(values + (kept << 3), v);
      if (starts != 0) store<f64>(starts + (kept << 3), <f64>start);
      if (v == STALE) store<u32>(stale, load<u32>(stale) + 1);
      kept++;
    }
    if (i == limit) break;
    const before = t;
    let form = VALUE;
    if (i == 1) {
      const deltaEnd = varintEnd(base, pos >> 3, end >> 3);
      if (deltaEnd == 0) return -1;
      delta = <i64>varintValue(base, pos >> 3, deltaEnd);
      pos = deltaEnd << 3;
    } else {
      const ones = min<u32>(<u32>clz<u64>(~window(base, pos)), 5);
      pos += min<u32>(ones + 1, 5);
      if (ones == 5) form = MARKER;
      else if (ones == 1) form = REUSE + <u32>(window(base, pos++) >> 63);
      else if (ones == 0) form = SAME;
      else {
        const bits: u32 = ones == 2 ? 13 : ones == 3 ? 20 : 64;
        if (pos + bits > end) return -1;
        delta += <i64>(bitsAt(base, pos, bits) << (64 - bits)) >> (64 - bits);
        pos += bits;
      }
    }
    t += delta;
    if (form == VALUE) {
      const ones = min<u32>(<u32>clz<u64>(~window(base, pos)), 3);
      form = valueForm(ones);
      pos += min<u32>(ones + 1, 3);
    }
    if (form == RENEW) {
      const w = window(base, pos);
      width = ((<u32>(w >> 53) - 1) & 63) + 1;
      trailing = 64 - <u32>(w >> 59) - width;
      if (<i32>trailing < 0) return -1;
      pos += 11;
    }
    if (form == REUSE || form == RENEW) {
      if (pos + width > end) return -1;
      baseline ^= bitsAt(base, pos, width) << trailing;
      pos += width;
    }
    v = form == MARKER ? STALE : baseline;
    if (pos > end) return -1;
    if (changeOn == 0 || i < changeOn) continue;
    const bits = varbitBits(base, pos);
    if (pos + bits > end) return -1;
    difference = i == changeOn ? varbitAt(base, pos) : difference + varbitAt(base, pos);
    pos += bits;
    start = before - difference;
  }
  return kept;
}
