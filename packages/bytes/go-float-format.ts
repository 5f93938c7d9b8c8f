/**
 * Go's `strconv.FormatFloat` for every format and precision: exact decimals, rounded half to even.
 *
 * The shortest digits are those that JavaScript finds. With a precision, the number is written out exactly as
 * an integer times a power of ten (every float64 is one) and rounded there, since JavaScript's own rounding
 * takes ties upwards.
 */

/** `e` `E` exponent, `f` plain, `g` `G` the shorter one, `x` `X` hexadecimal, `b` binary. */
export type GoFloatFormat = "e" | "E" | "f" | "g" | "G" | "x" | "X" | "b";

/** Decimal digits and the exponent of the first one: 0.05 is 5 and -2. Zero has the digit 0. */
interface Digits {
  readonly digits: string;
  readonly exponent: number;
}

/** `value` in a format; precision -1 asks for the shortest text that reads back as the same number. */
export function formatGoFloat(value: number, format: GoFloatFormat, precision: number): string {
  if (value !== value) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  const sign = value < 0 || Object.is(value, -0) ? "-" : "";
  const magnitude = Math.abs(value);
  switch (format) {
    case "f":
      return sign + plain(digitsFor(magnitude, precision, "behind the point"), precision);
    case "e":
    case "E":
      return sign + exponential(digitsFor(magnitude, precision, "behind the first"), precision, format);
    case "g":
    case "G":
      return sign + general(magnitude, precision, format === "g" ? "e" : "E");
    case "x":
    case "X":
      return sign + hexadecimal(magnitude, precision, format);
    default:
      return sign + binary(magnitude);
  }
}

function general(value: number, precision: number, exponentLetter: "e" | "E"): string {
  const wanted = precision === 0 ? 1 : precision;
  const { digits, exponent } = digitsFor(value, wanted - (wanted < 0 ? 0 : 1), "behind the first");
  const kept = digits.replace(/0+$/u, "") || "0";
  let limit = wanted;
  if (limit > kept.length && kept.length >= exponent + 1) limit = kept.length;
  if (precision < 0) limit = 6;
  const trimmed = { digits: kept, exponent };
  if (exponent < -4 || exponent >= limit) return exponential(trimmed, kept.length - 1, exponentLetter);
  return plain(trimmed, Math.max(kept.length - exponent - 1, 0));
}

function exponential({ digits, exponent }: Digits, precision: number, letter: string): string {
  const fraction = precision < 0 ? digits.slice(1) : digits.slice(1, 1 + precision).padEnd(precision, "0");
  const power = String(Math.abs(exponent)).padStart(2, "0");
  return `${digits[0]}${fraction === "" ? "" : `.${fraction}`}${letter}${exponent < 0 ? "-" : "+"}${power}`;
}

function plain({ digits, exponent }: Digits, precision: number): string {
  const whole = exponent < 0 ? "0" : digits.slice(0, exponent + 1).padEnd(exponent + 1, "0");
  const behind = exponent < 0 ? "0".repeat(-exponent - 1) + digits : digits.slice(exponent + 1);
  const fraction = precision < 0 ? behind : behind.slice(0, precision).padEnd(precision, "0");
  return fraction === "" ? whole : `${whole}.${fraction}`;
}

/** The digits of a number rounded to `precision` digits behind the point or the first digit; -1: shortest. */
function digitsFor(value: number, precision: number, where: "behind the point" | "behind the first"): Digits {
  if (value === 0) return { digits: "0", exponent: 0 };
  if (precision < 0) return shortest(value);
  const { units, scale } = exactDecimal(value);
  const text = units.toString();
  const exponent = text.length - 1 - scale;
  const keep = where === "behind the point" ? exponent + 1 + precision : 1 + precision;
  return roundDigits(text, exponent, keep);
}

function shortest(value: number): Digits {
  const text = value.toExponential();
  const at = text.indexOf("e");
  return { digits: text.slice(0, at).replace(".", ""), exponent: Number(text.slice(at + 1)) };
}

/** The number as `units` × 10^-scale, exactly. */
function exactDecimal(value: number): { units: bigint; scale: number } {
  const { mantissa, power } = decompose(value);
  if (power >= 0) return { units: mantissa << BigInt(power), scale: 0 };
  return { units: mantissa * 5n ** BigInt(-power), scale: -power };
}

/** The number as `mantissa` × 2^power. */
function decompose(value: number): { mantissa: bigint; power: number } {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0);
  const exponent = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & 0xfffffffffffffn;
  return exponent === 0
    ? { mantissa: fraction, power: -1074 }
    : { mantissa: fraction | (1n << 52n), power: exponent - 1075 };
}

/** The first `keep` digits, rounded half to even; none or fewer give a 0 or the next higher power. */
function roundDigits(digits: string, exponent: number, keep: number): Digits {
  if (keep >= digits.length) return { digits, exponent };
  if (keep < 0) return { digits: "0", exponent: 0 };
  const rest = digits.slice(keep);
  const half = `5${"0".repeat(rest.length - 1)}`;
  const last = keep === 0 ? "0" : (digits[keep - 1] ?? "0");
  const up = rest > half || (rest === half && Number(last) % 2 === 1);
  const kept = digits.slice(0, keep);
  if (!up) return keep === 0 ? { digits: "0", exponent: 0 } : { digits: kept, exponent };
  const raised = (BigInt(kept === "" ? "0" : kept) + 1n).toString();
  return { digits: raised, exponent: raised.length > kept.length ? exponent + 1 : exponent };
}

/** `1.8p+03`: the mantissa with one binary digit before the point. */
function hexadecimal(value: number, precision: number, format: "x" | "X"): string {
  let { mantissa, power } = decompose(value);
  if (mantissa !== 0n) {
    while (mantissa < 1n << 60n) {
      mantissa <<= 1n;
      power--;
    }
  }
  power += 60;
  if (mantissa !== 0n && precision >= 0 && precision < 15) {
    const drop = BigInt(60 - 4 * precision);
    const rest = mantissa & ((1n << drop) - 1n);
    const half = 1n << (drop - 1n);
    mantissa >>= drop;
    if (rest > half || (rest === half && (mantissa & 1n) === 1n)) mantissa++;
    mantissa <<= drop;
    if (mantissa >> 61n !== 0n) {
      mantissa >>= 1n;
      power++;
    }
  }
  if (mantissa === 0n) power = 0;
  const digits = (mantissa & ((1n << 60n) - 1n)).toString(16).padStart(15, "0");
  const fraction =
    precision < 0 ? digits.replace(/0+$/u, "") : digits.slice(0, precision).padEnd(precision, "0");
  const exponent = String(Math.abs(power)).padStart(2, "0");
  const point = fraction === "" ? "" : `.${fraction}`;
  const text = `0x${(mantissa >> 60n).toString()}${point}p${power < 0 ? "-" : "+"}${exponent}`;
  return format === "X" ? text.toUpperCase() : text;
}

/** `4503599627370496p-52`. */
function binary(value: number): string {
  const { mantissa, power } = decompose(value);
  return `${mantissa}p${power < 0 ? "-" : "+"}${Math.abs(power)}`;
}
