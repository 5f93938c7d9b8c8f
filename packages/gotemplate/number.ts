/**
 * Number words of templates, read as Go's parser reads them: an integer in any base with underscores, or a
 * float. Complex numbers are not supported and say so.
 */

import { quoteGo, unquoteGo } from "@narthex/bytes/go-quote";
import type { NumberNode } from "./node.ts";

const int64 = { least: -(2n ** 63n), greatest: 2n ** 63n - 1n, greatestUnsigned: 2n ** 64n - 1n };

const integer = /^([+-]?)(?:0[xX](_?[0-9a-fA-F]+)+|0[oO]?(_?[0-7]+)+|0[bB](_?[01]+)+|0|[1-9](?:_?[0-9]+)*)$/u;
const decimalFloat = /^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/u;
const hexFloat = /^([+-]?)0[xX]([0-9a-fA-F]*)\.?([0-9a-fA-F]*)[pP]([+-]?[0-9]+)$/u;

/** The number that `text` is; throws a plain error when it is none. */
export function parseNumber(
  text: string,
  at: number,
  kind: "number" | "complex" | "char constant",
): NumberNode {
  if (kind === "char constant") {
    const char = unquoteGo(text);
    if (char === null) throw new Error(`malformed character constant: ${text}`);
    const code = char.codePointAt(0) as number;
    return { kind: "number", at, text, int: BigInt(code), float: code };
  }
  if (kind === "complex" || text.endsWith("i")) throw new Error(`complex numbers are not supported: ${text}`);
  const whole = parseInteger(text);
  if (whole !== null && whole <= int64.greatest && whole >= int64.least) {
    return { kind: "number", at, text, int: whole, float: Number(whole) };
  }
  if (whole !== null && whole > 0n && whole <= int64.greatestUnsigned) {
    return { kind: "number", at, text, int: null, float: Number(whole) };
  }
  const float = parseFloatWord(text);
  if (float === null) throw new Error(`illegal number syntax: ${quoteGo(text)}`);
  if (!/[.eEpP]/u.test(text)) throw new Error(`integer overflow: ${quoteGo(text)}`);
  const fits = Number.isInteger(float) && Math.abs(float) < 2 ** 63;
  return { kind: "number", at, text, int: fits ? BigInt(float) : null, float };
}

function parseInteger(text: string): bigint | null {
  if (!integer.test(text)) return null;
  const negative = text.startsWith("-");
  const digits = text.replace(/^[+-]/u, "").replaceAll("_", "");
  const octal = /^0[0-7]+$/u.test(digits) ? `0o${digits.slice(1)}` : digits;
  const value = BigInt(octal);
  return negative ? -value : value;
}

function parseFloatWord(text: string): number | null {
  const plain = text.replace(/(?<=[0-9a-fA-FxX])_(?=[0-9a-fA-F])/gu, "");
  if (decimalFloat.test(plain)) {
    const value = Number(plain);
    return Number.isFinite(value) ? value : null;
  }
  const hex = hexFloat.exec(plain);
  if (hex === null) return null;
  const [, sign = "", whole = "", fraction = "", exponent = "0"] = hex;
  if (whole + fraction === "") return null;
  const mantissa = Number(BigInt(`0x${whole}${fraction}`));
  const value = mantissa * 2 ** (Number(exponent) - 4 * fraction.length);
  return sign === "-" ? -value : value;
}
