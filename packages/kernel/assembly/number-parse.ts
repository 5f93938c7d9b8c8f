// Kernel `number-parse`: decimal text to float64, exactly. Interface: ../number-parse.ts.
//
// Up to 2^53 and |exponent| <= 22, one multiplication or division of exact floats is right. Beyond, the
// Eisel-Lemire method: multiply by a 128-bit power of five and round; it needs no way back (Mushtak and
// Lemire, 2023).
//
// powers: 651 × {high u64, low u64}, 5^-342 … 5^308 normalised, then 23 × f64, 10^0 … 10^22, then
// 8 × u64, 10^0 … 10^7.

const FIRST_EXPONENT: i32 = -342;
const LAST_EXPONENT: i32 = 308;
const TENS: usize = 651 * 16;
const WHOLE_TENS: usize = TENS + 23 * 8;
const ZEROS: u64 = 0x3030303030303030;
const EXACT: u64 = 9007199254740992;
const NORMAL_NAN: u64 = 0x7ff8000000000001;

// Reads the number at `p`, stores it at `out` and returns where it ends; 0 when it is none that is read here.
// The text must be followed by a byte that belongs to no number.
export function numberParse(p: usize, powers: usize, out: usize): usize {
  let c = load<u8>(p);
  const negative = c == 45;
  const signed = negative || c == 43;
  if (signed) c = load<u8>(++p);
  if (<u32>(c - 48) > 9 && c != 46) return specialParse(p, signed, negative, out);
  const integerStart = p;
  while (load<u8>(p) == 48) p++;
  const firstDigit = p;
  let mantissa: u64 = 0;
  let word = load<u64>(p) ^ ZEROS;
  let others = notDigits(word);
  while (others == 0) {
    mantissa = mantissa * 100000000 + eightValue(word);
    p += 8;
    word = load<u64>(p) ^ ZEROS;
    others = notDigits(word);
  }
  let count = <usize>ctz<u64>(others) >> 3;
  mantissa = appendDigits(mantissa, word, count, powers);
  p += count;
  c = load<u8>(p);
  let digits = <i32>(p - firstDigit);
  let any = <i32>(p - integerStart);
  let exponent: i32 = 0;
  if (c == 46) {
    const fraction = ++p;
    if (digits == 0) while (load<u8>(p) == 48) p++;
    const firstFraction = p;
    word = load<u64>(p) ^ ZEROS;
    others = notDigits(word);
    while (others == 0) {
      mantissa = mantissa * 100000000 + eightValue(word);
      p += 8;
      word = load<u64>(p) ^ ZEROS;
      others = notDigits(word);
    }
    count = <usize>ctz<u64>(others) >> 3;
    mantissa = appendDigits(mantissa, word, count, powers);
    p += count;
    c = load<u8>(p);
    digits += <i32>(p - firstFraction);
    any += <i32>(p - fraction);
    exponent = -<i32>(p - fraction);
  }
  if (any == 0 || digits > 19) return 0;
  if ((c | 32) == 101) {
    const end = exponentEnd(p);
    if (end == 0) return 0;
    exponent += exponentValue(p);
    p = end;
  }
  return storeDecimal(mantissa, exponent, negative, powers, out) ? p : 0;
}

// Where a run of 1 to 7 digits at `p` ends; 0 when there is no such run. For the commonest of all values.
// @ts-ignore
@inline
export function shortWholeEnd(p: usize): usize {
  const others = notDigits(load<u64>(p) ^ ZEROS);
  const count = <usize>ctz<u64>(others) >> 3;
  return count - 1 < 7 ? p + count : 0;
}

// The value of that run.
// @ts-ignore
@inline
export function shortWholeValue(p: usize, end: usize): f64 {
  return <f64><i64>eightValue((load<u64>(p) ^ ZEROS) << (64 - (<u64>(end - p) << 3)));
}

// The top bit of every byte of `word` that is above 9; bytes behind the first of them may be wrong.
// @ts-ignore
@inline
function notDigits(word: u64): u64 {
  return ((word + 0x7676767676767676) | word) & 0x8080808080808080;
}

// @ts-ignore
@inline
function eightValue(word: u64): u64 {
  word = word * 10 + (word >> 8);
  return (((word & 0x000000ff000000ff) * 0x000f424000000064)
    + (((word >> 16) & 0x000000ff000000ff) * 0x0000271000000001)) >> 32;
}

// The first `count` (0 to 7) digits of `word` behind those of `mantissa`.
// @ts-ignore
@inline
function appendDigits(mantissa: u64, word: u64, count: usize, powers: usize): u64 {
  if (count == 0) return mantissa;
  const shift = <u64>count << 3;
  return mantissa * load<u64>(powers + WHOLE_TENS + <usize>shift) + eightValue(word << (64 - shift));
}

// Where the exponent at `p` (its letter) ends, 0 when it has no digit.
function exponentEnd(p: usize): usize {
  let c = load<u8>(++p);
  if (c == 45 || c == 43) c = load<u8>(++p);
  if (<u32>(c - 48) > 9) return 0;
  while (<u32>(load<u8>(p) - 48) < 10) p++;
  return p;
}

function exponentValue(p: usize): i32 {
  let c = load<u8>(++p);
  const negative = c == 45;
  if (negative || c == 43) c = load<u8>(++p);
  let value: i32 = 0;
  while (<u32>(c - 48) < 10) {
    if (value < 100000) value = value * 10 + <i32>(c - 48);
    c = load<u8>(++p);
  }
  return negative ? -value : value;
}

// NaN without a sign, Inf with or without one, spelled like this.
function specialParse(p: usize, signed: bool, negative: bool, out: usize): usize {
  const word = load<u32>(p) & 0xffffff;
  if (word == 0x4e614e && !signed) {
    store<u64>(out, NORMAL_NAN);
    return p + 3;
  }
  if (word != 0x666e49) return 0;
  store<f64>(out, negative ? -Infinity : Infinity);
  return p + 3;
}

// Stores mantissa × 10^exponent; false when that is too large for a float.
function storeDecimal(mantissa: u64, exponent: i32, negative: bool, powers: usize, out: usize): bool {
  let value: f64;
  if (mantissa <= EXACT && exponent >= -22 && exponent <= 22) {
    value = <f64><i64>mantissa;
    if (exponent < 0) value /= load<f64>(powers + TENS + (<usize>(-exponent) << 3));
    else if (exponent > 0) value *= load<f64>(powers + TENS + (<usize>exponent << 3));
  } else if (mantissa == 0 || exponent < FIRST_EXPONENT) {
    value = 0;
  } else {
    if (exponent > LAST_EXPONENT) return false;
    value = eiselLemire(mantissa, exponent, powers);
    if (value == Infinity) return false;
  }
  store<f64>(out, negative ? -value : value);
  return true;
}

function multiplyHigh(a: u64, b: u64): u64 {
  const a0 = a & 0xffffffff;
  const a1 = a >> 32;
  const b0 = b & 0xffffffff;
  const b1 = b >> 32;
  const low = a0 * b0;
  const cross = a1 * b0;
  const middle = (low >> 32) + (cross & 0xffffffff) + a0 * b1;
  return a1 * b1 + (cross >> 32) + (middle >> 32);
}

function eiselLemire(mantissa: u64, exponent: i32, powers: usize): f64 {
  const zeros = <i32>clz<u64>(mantissa);
  const w = mantissa << zeros;
  const entry = powers + (<usize>(exponent - FIRST_EXPONENT) << 4);
  let low = w * load<u64>(entry);
  let high = multiplyHigh(w, load<u64>(entry));
  if ((high & 0x1ff) == 0x1ff) {
    const carry = multiplyHigh(w, load<u64>(entry, 8));
    low += carry;
    if (carry > low) high++;
  }
  const top = <i32>(high >> 63);
  const shift = <u64>(top + 9);
  let bits = high >> shift;
  // (152170 + 65536) / 65536 is log2(10); 63 and 1023 place the binary exponent.
  let binary = ((217706 * exponent) >> 16) + 63 + top - zeros + 1023;
  if (binary <= 0) {
    if (1 - binary >= 64) return 0;
    bits >>= <u64>(1 - binary);
    bits = (bits + (bits & 1)) >> 1;
    return reinterpret<f64>(bits); // a carry into bit 52 is the smallest normal number
  }
  // Exactly half way between two floats: to the even one.
  const mayBeHalfWay = low <= 1 && exponent >= -4 && exponent <= 23 && (bits & 3) == 1;
  if (mayBeHalfWay && bits << shift == high) bits &= ~<u64>1;
  bits = (bits + (bits & 1)) >> 1;
  if (bits >= <u64>1 << 53) {
    bits = <u64>1 << 52;
    binary++;
  }
  if (binary >= 0x7ff) return Infinity;
  return reinterpret<f64>((bits & 0xfffffffffffff) | (<u64>binary << 52));
}
