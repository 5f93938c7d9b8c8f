// Kernel `json-points`: numbers and points as the HTTP API writes them. Interface: ../json-points.ts.
//
// `powers` is a table of 128-bit powers of ten (low u64, high u64) for exponents -292 … 324, made by
// json-powers.ts.

const LOWEST_POWER: i32 = -292;
const DIGITS: u64 = 0x3030303030303030;

// Eight decimal digits of x < 10^8, the first in the lowest byte.
// @ts-ignore: decorator
@inline
function eightDigits(x: u64): u64 {
  const high = x / 10000;
  const merged = high | ((x - high * 10000) << 32);
  const top = ((merged * 10486) >> 20) & 0x0000007f0000007f;
  const hundreds = ((merged - 100 * top) << 16) + top;
  const tens = ((hundreds * 103) >> 10) & 0x000f000f000f000f;
  return (tens + ((hundreds - 10 * tens) << 8)) | DIGITS;
}

// @ts-ignore: decorator
@inline
function countDigits(x: u64): i32 {
  if (x < 10) return 1;
  if (x < 100) return 2;
  if (x < 1000) return 3;
  if (x < 10000) return 4;
  if (x < 100000) return 5;
  if (x < 1000000) return 6;
  if (x < 10000000) return 7;
  return 8;
}

// The digits of x at `out`, without leading zeros; returns the end. Writes up to 7 bytes beyond.
function writeDigits(x: u64, out: usize): usize {
  if (x < 100000000) {
    const count = countDigits(x);
    store<u64>(out, eightDigits(x) >> (<u64>(8 - count) << 3));
    return out + count;
  }
  const high = x / 100000000;
  const low = x - high * 100000000;
  const end = writeDigitsBelow16(high, out);
  store<u64>(end, eightDigits(low));
  return end + 8;
}

function writeDigitsBelow16(x: u64, out: usize): usize {
  if (x < 100000000) {
    const count = countDigits(x);
    store<u64>(out, eightDigits(x) >> (<u64>(8 - count) << 3));
    return out + count;
  }
  const high = x / 100000000;
  const count = countDigits(high);
  store<u64>(out, eightDigits(high) >> (<u64>(8 - count) << 3));
  store<u64>(out + count, eightDigits(x - high * 100000000));
  return out + count + 8;
}

// @ts-ignore: decorator
@inline
function highProduct(a: u64, b: u64): u64 {
  const aLow = a & 0xffffffff;
  const aHigh = a >> 32;
  const bLow = b & 0xffffffff;
  const bHigh = b >> 32;
  const middle = aHigh * bLow + ((aLow * bLow) >> 32);
  return aHigh * bHigh + (middle >> 32) + (((middle & 0xffffffff) + aLow * bHigh) >> 32);
}

// The upper 64 of 192 bits, with the last bit set when anything below was lost.
// @ts-ignore: decorator
@inline
function roundToOdd(top: u64, middle: u64): u64 {
  return top | <u64>(middle > 1);
}

// @ts-ignore: decorator
@inline
function upperBound(low: u64, high: u64, shift: u64, last: u64, middle: u64, top: u64): u64 {
  const addedLast = low << shift;
  const addedMiddle = (high << shift) | (low >> (64 - shift));
  const carry = <u64>(last + addedLast < addedLast);
  const sum = middle + addedMiddle;
  const total = sum + carry;
  const carryUp = <u64>(sum < addedMiddle) + <u64>(total < sum);
  return roundToOdd(top + (high >> (64 - shift)) + carryUp, total);
}

// @ts-ignore: decorator
@inline
function lowerBound(low: u64, high: u64, shift: u64, last: u64, middle: u64, top: u64): u64 {
  const takenMiddle = (high << shift) | (low >> (64 - shift));
  const borrow = <u64>(last < low << shift);
  const rest = middle - takenMiddle;
  const total = rest - borrow;
  const borrowUp = <u64>(middle < takenMiddle) + <u64>(rest < borrow);
  return roundToOdd(top - (high >> (64 - shift)) - borrowUp, total);
}

// Shortest digits of a positive finite number that is no small integer (Schubfach): digits × 10^exponent,
// written as digits to `at` and the exponent (i32) to `at + 8`.
function shortest(bits: u64, powers: usize, at: usize): void {
  const fraction = bits & 0x000fffffffffffff;
  const biased = <i32>(bits >> 52);
  const c = biased != 0 ? fraction | 0x0010000000000000 : fraction;
  const q = (biased != 0 ? biased : 1) - 1075;
  const closer = fraction == 0 && biased > 1;
  const odd = c & 1;
  const k = (q * 1262611 - (closer ? 524031 : 0)) >> 22;
  const h = <u64>(q + ((-k * 1741647) >> 19) + 1);
  const power = powers + (<usize>(-k - LOWEST_POWER) << 4);
  const low = load<u64>(power);
  const high = load<u64>(power, 8);
  // The product power × (4c << h) as 192 bits, then power × (2 << h) added and taken away: both bounds by
  // shifts.
  const factor = (c << 2) << h;
  const last = low * factor;
  const carried = highProduct(low, factor);
  const middleBits = high * factor + carried;
  const top = highProduct(high, factor) + <u64>(middleBits < carried);
  const value = roundToOdd(top, middleBits);
  const above = upperBound(low, high, h + 1, last, middleBits, top) - odd;
  const below = lowerBound(low, high, h + <u64>!closer, last, middleBits, top) + odd;
  const s = value >> 2;
  if (s >= 10) {
    const tenth = s / 10;
    const lowerIn = below <= 40 * tenth;
    const upperIn = 40 * tenth + 40 <= above;
    if (lowerIn != upperIn) {
      store<u64>(at, tenth + <u64>upperIn);
      store<i32>(at, k + 1, 8);
      return;
    }
  }
  const lowerIn = below <= 4 * s;
  const upperIn = 4 * s + 4 <= above;
  const middle = 4 * s + 2;
  const up = lowerIn != upperIn ? upperIn : value > middle || (value == middle && (s & 1) != 0);
  store<u64>(at, s + <u64>up);
  store<i32>(at, k, 8);
}

// Digits × 10^exponent in plain notation; magnitude from 1e-6 to below 1e21.
function writePlain(digits: u64, exponent: i32, out: usize): usize {
  let end = out;
  if (exponent >= 0) {
    end = writeDigits(digits, out);
    for (let i = 0; i < exponent; i++) store<u8>(end++, 0x30);
    return end;
  }
  end = writeDigits(digits, out);
  const count = <i32>(end - out);
  const point = count + exponent; // digits before the point
  if (point > 0) {
    v128.store(out + point + 1, v128.load(out + point));
    store<u8>(out + point, 0x2e);
    return end + 1;
  }
  // 0.0ddd: at most five zeros after the point.
  const shift = <usize>(2 - point);
  const last = load<u8>(out, 16);
  v128.store(out + shift, v128.load(out));
  store<u8>(out + shift + 16, last);
  store<u16>(out, 0x2e30);
  for (let zero: usize = 2; zero < shift; zero++) store<u8>(out + zero, 0x30);
  return out + shift + count;
}

// d.ddde±xx
function writeExponent(digits: u64, exponent: i32, out: usize): usize {
  let end = writeDigits(digits, out + 1);
  const count = <i32>(end - out) - 1;
  store<u8>(out, load<u8>(out + 1));
  if (count == 1) end = out + 1;
  else store<u8>(out + 1, 0x2e);
  let power = exponent + count - 1;
  store<u8>(end++, 0x65);
  store<u8>(end++, power < 0 ? 0x2d : 0x2b);
  if (power < 0) power = -power;
  if (power < 10) store<u8>(end++, 0x30);
  return writeDigits(power, end);
}

function writeWord(word: u64, length: u32, out: usize): usize {
  store<u64>(out, word);
  return out + length;
}

// A number at `out` (up to 32 bytes, plus 32 that may be overwritten); returns the end.
export function jsonNumber(value: f64, powers: usize, out: usize): usize {
  const bits = reinterpret<u64>(value);
  const magnitude = bits & 0x7fffffffffffffff;
  if (magnitude > 0x7ff0000000000000) return writeWord(0x4e614e, 3, out);
  if (bits != magnitude) store<u8>(out, 0x2d);
  if (magnitude == 0x7ff0000000000000) {
    return bits == magnitude ? writeWord(0x666e492b, 4, out) : writeWord(0x666e492d, 4, out);
  }
  const start = out + <usize>(bits >> 63);
  const absolute = reinterpret<f64>(magnitude);
  if (absolute < 9007199254740992) {
    if (nearest(absolute) == absolute) return writeDigits(<u64>absolute, start);
    const tenThousands = absolute * 10000;
    const offBy = abs(tenThousands - nearest(tenThousands));
    // At most four places: then so many ten-thousandths are whole but for rounding.
    if (absolute >= 0.001 && absolute < 1e11 && offBy <= tenThousands * 4.5e-16) {
      let scale: f64 = 10;
      for (let places = 1; places <= 4; places++) {
        const scaled = nearest(absolute * scale);
        if (scaled / scale == absolute) return writePlain(<u64>scaled, -places, start);
        scale *= 10;
      }
    }
  }
  shortest(magnitude, powers, out + 48);
  let digits = load<u64>(out, 48);
  let exponent = load<i32>(out, 56);
  while (digits % 10 == 0) {
    digits /= 10;
    exponent++;
  }
  if (absolute < 1e-6 || absolute >= 1e21) return writeExponent(digits, exponent, start);
  return writePlain(digits, exponent, start);
}

// ,[seconds," of each step: 32 bytes each, the length in the last byte.
export function jsonPrefixes(firstTime: f64, step: f64, steps: u32, out: usize): void {
  for (let s: u32 = 0; s < steps; s++, out += 32) {
    const end = writePrefix(firstTime + <f64>s * step, out);
    store<u8>(out, <u8>(end - out), 31);
  }
}

function writePrefix(time: f64, out: usize): usize {
  store<u16>(out, 0x5b2c);
  let end = out + 2;
  if (time < 0) store<u8>(end++, 0x2d);
  const millis = <u64>abs(time);
  const seconds = millis / 1000;
  end = writeDigits(seconds, end);
  const rest = millis - seconds * 1000;
  if (rest != 0) {
    store<u8>(end, 0x2e);
    store<u32>(end + 1, <u32>(eightDigits(rest) >> 40));
    end += 4;
  }
  store<u16>(end, 0x222c);
  return end + 2;
}

// The present steps from `from` to before `until` as ,[seconds,"value"] each; without the comma when
// nothing was written before. Returns the end.
export function jsonRow(
  values: usize, presence: usize, from: u32, until: u32, prefixes: usize, powers: usize, isFirst: u32,
  out: usize,
): usize {
  let skip: usize = isFirst;
  for (let s = from; s < until; s++) {
    if (((load<u32>(presence + (<usize>(s >> 5) << 2)) >> (s & 31)) & 1) == 0) continue;
    const prefix = prefixes + (<usize>s << 5);
    v128.store(out, v128.load(prefix + skip));
    v128.store(out + 16, v128.load(prefix + skip + 16));
    out += <usize>load<u8>(prefix, 31) - skip;
    out = jsonNumber(load<f64>(values + (<usize>s << 3)), powers, out);
    store<u16>(out, 0x5d22);
    out += 2;
    skip = 0;
  }
  return out;
}

// Samples `from` to before `until` of columns, like jsonRow.
export function jsonSamples(
  times: usize, values: usize, from: u32, until: u32, powers: usize, isFirst: u32, out: usize,
): usize {
  for (let i = from; i < until; i++) {
    const end = writePrefix(load<f64>(times + (<usize>i << 3)), out);
    if (isFirst != 0 && i == from) {
      memory.copy(out, out + 1, end - out - 1);
      out = end - 1;
    } else out = end;
    out = jsonNumber(load<f64>(values + (<usize>i << 3)), powers, out);
    store<u16>(out, 0x5d22);
    out += 2;
  }
  return out;
}
