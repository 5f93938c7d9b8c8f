/**
 * Floats as Go prints and reads them: the texts of the HTTP API, of expositions and of `le` labels.
 *
 * The idea: JavaScript and Go both print the shortest digits that read back as the same number; they differ
 * only in when an exponent is used and how it looks. So every format here rearranges the digits that
 * `String(value)` found.
 *
 * Invariants (held by go-float.property.test.ts)
 *  - `parseGoFloat(format(value))` is `value` for every format and every number that is not NaN.
 */

/** Shortest decimal as the HTTP API prints samples: plain, but `1e-07` below 1e-6 and `1e+21` from 1e21. */
export function formatFloat(value: number): string {
  if (value === 0) return Object.is(value, -0) ? "-0" : "0";
  const text = String(value);
  const exponentAt = text.indexOf("e");
  if (exponentAt < 0) return Number.isFinite(value) || value !== value ? text : infinityText(value);
  // JavaScript writes e-7, Go at least two digits.
  return text.length - exponentAt === 3 ? `${text.slice(0, -1)}0${text.slice(-1)}` : text;
}

function infinityText(value: number): string {
  return value > 0 ? "+Inf" : "-Inf";
}

/**
 * Shortest `%g` (strconv 'g', precision -1), as label values and error texts show floats: plain for decimal
 * exponents from -4 to 5, else `1e+06`, `1e-05`.
 */
export function formatGoG(value: number): string {
  return formatShortest(value, -4, 6);
}

/** As `formatGoG`, without a negative zero: the sample values of the text format. */
export function formatTextFloat(value: number): string {
  return value === 0 ? "0" : formatGoG(value);
}

/**
 * As `formatTextFloat`, but always visibly a float: `1` gives `1.0`. OpenMetrics values, `le` and `quantile`.
 */
export function formatOpenMetricsFloat(value: number): string {
  const text = formatTextFloat(value);
  return /[.eN]|Inf/u.test(text) ? text : `${text}.0`;
}

/** Shortest exponent form, as `%e` with precision -1: `1e+00`. */
export function formatGoE(value: number): string {
  if (!Number.isFinite(value)) return value === value ? infinityText(value) : "NaN";
  const { digits, exponent } = decompose(value);
  return exponentForm(signText(value), digits, exponent);
}

/** Shortest plain form, as `%f` with precision -1: never an exponent. */
export function formatGoF(value: number): string {
  if (!Number.isFinite(value)) return value === value ? infinityText(value) : "NaN";
  const { digits, exponent } = decompose(value);
  return plainForm(signText(value), digits, exponent);
}

/** Plain when `lowest` ≤ decimal exponent < `limit`, else exponent form. */
function formatShortest(value: number, lowest: number, limit: number): string {
  if (!Number.isFinite(value)) return value === value ? infinityText(value) : "NaN";
  const { digits, exponent } = decompose(value);
  const plain = exponent >= lowest && exponent < limit;
  return plain
    ? plainForm(signText(value), digits, exponent)
    : exponentForm(signText(value), digits, exponent);
}

function signText(value: number): string {
  return value < 0 || Object.is(value, -0) ? "-" : "";
}

/** The shortest digits of |value| and the decimal exponent of the first one: 0.05 is 5 and -2. */
function decompose(value: number): { digits: string; exponent: number } {
  const text = Math.abs(value).toExponential();
  const exponentAt = text.indexOf("e");
  return { digits: text.slice(0, exponentAt).replace(".", ""), exponent: Number(text.slice(exponentAt + 1)) };
}

function plainForm(sign: string, digits: string, exponent: number): string {
  if (exponent < 0) return `${sign}0.${"0".repeat(-exponent - 1)}${digits}`;
  if (digits.length <= exponent + 1) return `${sign}${digits.padEnd(exponent + 1, "0")}`;
  return `${sign}${digits.slice(0, exponent + 1)}.${digits.slice(exponent + 1)}`;
}

function exponentForm(sign: string, digits: string, exponent: number): string {
  const mantissa = digits.length > 1 ? `${digits[0]}.${digits.slice(1)}` : digits;
  const power = String(Math.abs(exponent)).padStart(2, "0");
  return `${sign}${mantissa}e${exponent < 0 ? "-" : "+"}${power}`;
}

/** A text that is no float. The message is the original's, with the text quoted. */
export class FloatSyntaxError extends Error {
  override readonly name = "FloatSyntaxError";
  /** Whether the text is a well-formed number that does not fit a float64. */
  readonly isOutOfRange: boolean;

  constructor(text: string, isOutOfRange: boolean) {
    const reason = isOutOfRange ? "value out of range" : "invalid syntax";
    super(`strconv.ParseFloat: parsing ${JSON.stringify(text)}: ${reason}`);
    this.isOutOfRange = isOutOfRange;
  }
}

/** What `parseGoFloat` accepts beyond decimal numbers, `Inf`, `Infinity` and `NaN`. */
export interface FloatSyntax {
  /**
   * Hexadecimal floats and underscores between digits, as Go allows; expositions refuse both. Default true.
   */
  readonly hexAndUnderscores?: boolean;
}

const decimal = /^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/u;
const infinite = /^([+-]?)inf(?:inity)?$/iu;
// Digits before the point and behind it cannot be told apart in two ways: matching stays linear.
const hexadecimal = /^([+-]?)0[xX]([0-9a-fA-F]*)(?:\.([0-9a-fA-F]*))?[pP]([+-]?[0-9]+)$/u;

/**
 * Reads a float as Go's ParseFloat does. Throws `FloatSyntaxError`, also for numbers beyond the float64
 * range.
 */
export function parseGoFloat(text: string, syntax: FloatSyntax = {}): number {
  if (decimal.test(text)) return inRange(text, Number(text));
  const infinity = infinite.exec(text);
  if (infinity !== null) return infinity[1] === "-" ? -Infinity : Infinity;
  if (/^nan$/iu.test(text)) return NaN;
  if (syntax.hexAndUnderscores ?? true) {
    const plain = withoutUnderscores(text);
    if (decimal.test(plain)) return inRange(text, Number(plain));
    const hex = hexadecimal.exec(plain);
    if (hex !== null) return inRange(text, hexFloat(text, hex));
  }
  throw new FloatSyntaxError(text, false);
}

function inRange(text: string, value: number): number {
  if (!Number.isFinite(value)) throw new FloatSyntaxError(text, true);
  return value;
}

/**
 * Removes underscores that stand between digits (or after a base prefix); others stay and make the text
 * invalid.
 */
function withoutUnderscores(text: string): string {
  if (/^[+-]?0[xX]/u.test(text)) return text.replace(/(?<=[0-9a-fA-FxX])_(?=[0-9a-fA-F])/gu, "");
  return text.replace(/(?<=[0-9])_(?=[0-9])/gu, "");
}

/** Mantissa × 2^exponent, rounded half to even once. */
function hexFloat(text: string, parts: RegExpExecArray): number {
  const fraction = (parts[3] as string | undefined) ?? "";
  const digits = `${parts[2]}${fraction}`;
  if (digits === "") throw new FloatSyntaxError(text, false);
  let mantissa = BigInt(`0x${digits}`);
  if (mantissa === 0n) return parts[1] === "-" ? -0 : 0;
  const bits = mantissa.toString(2).length;
  let exponent = Math.max(-1e6, Math.min(1e6, Number(parts[4]))) - 4 * fraction.length;
  // Keep the bits a float64 has at this magnitude (fewer for subnormals); what is cut off rounds half to
  // even.
  const cut = Math.max(bits - 53, -1074 - exponent);
  if (cut > 0) {
    if (cut > bits + 1) return parts[1] === "-" ? -0 : 0;
    const half = 1n << BigInt(cut - 1);
    const rest = mantissa & ((1n << BigInt(cut)) - 1n);
    mantissa >>= BigInt(cut);
    if (rest > half || (rest === half && (mantissa & 1n) === 1n)) mantissa += 1n;
    exponent += cut;
  }
  const magnitude = scaleByPowerOfTwo(Number(mantissa), exponent);
  return parts[1] === "-" ? -magnitude : magnitude;
}

/** value × 2^exponent in steps that are exact: each factor is a normal number. */
function scaleByPowerOfTwo(value: number, exponent: number): number {
  let scaled = value;
  let left = exponent;
  while (left > 0 && Number.isFinite(scaled)) {
    const step = Math.min(left, 1000);
    scaled *= 2 ** step;
    left -= step;
  }
  while (left < 0 && scaled !== 0) {
    const step = Math.min(-left, 1000);
    scaled /= 2 ** step;
    left += step;
  }
  return scaled;
}
