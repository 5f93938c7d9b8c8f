/**
 * Numbers, durations and strings as values.
 */

import { DurationError, parseDuration } from "@narthex/model/duration";
import { FloatSyntaxError, parseGoFloat } from "@narthex/model/go-float";
import type { NumberLiteral } from "./ast.ts";
import { fromByteText, fromEscapedBytes } from "./byte-text.ts";
import type { Token } from "./token.ts";
import type { TokenStream } from "./token-stream.ts";

const shortEscapes: Readonly<Record<string, string>> = {
  a: "\u0007",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};

/** Whether the next token is a number or a duration. */
export function isNumberNext(stream: TokenStream): boolean {
  const { kind } = stream.peek();
  return kind === "number" || kind === "duration";
}

/** Takes a number or a duration; other tokens are out of place. */
export function parseNumberLiteral(stream: TokenStream): NumberLiteral {
  if (!isNumberNext(stream)) stream.unexpected();
  const token = stream.next();
  const span = { start: token.start, end: token.end };
  const isDuration = token.kind === "duration";
  stream.built(1);
  return {
    kind: "number",
    value: isDuration ? durationSeconds(stream, token) : numberValue(stream, token),
    isDuration,
    span,
  };
}

function durationSeconds(stream: TokenStream, token: Token): number {
  try {
    const ms = parseDuration(token.text);
    // Seconds and their fraction are added, as the original does: the last bit may differ from a quotient.
    return Math.trunc(ms / 1000) + ((ms % 1000) * 1e6) / 1e9;
  } catch (error) {
    if (!(error instanceof DurationError)) throw error;
    return stream.fail({ start: token.start, end: token.end }, error.message);
  }
}

/** Integers may be hexadecimal or, with a leading zero, octal; all else is a float. */
function numberValue(stream: TokenStream, token: Token): number {
  const plain = token.text.replaceAll("_", "");
  if (/^0[xX][0-9a-fA-F]+$/u.test(plain) && BigInt(plain) < 1n << 63n) return Number(BigInt(plain));
  if (/^0[0-7]+$/u.test(plain) && BigInt(`0o${plain}`) < 1n << 63n) return Number(BigInt(`0o${plain}`));
  try {
    return parseGoFloat(token.text);
  } catch (error) {
    if (!(error instanceof FloatSyntaxError)) throw error;
    return stream.fail({ start: token.start, end: token.end }, `error parsing number: ${error.message}`);
  }
}

/** The value of a string token: quotes off, escapes replaced. The lexer has checked it. */
export function unquote(token: Token): string {
  const inner = token.text.slice(1, -1);
  if (token.text.startsWith("`") || !inner.includes("\\")) return fromByteText(inner);
  // One character per byte throughout: \x and octal escapes give bytes, \u and \U characters.
  const bytes = inner.replace(
    /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|([^]))/gu,
    (_all, hex?: string, short?: string, long?: string, octal?: string, letter?: string) => {
      if (letter !== undefined) return shortEscapes[letter] ?? letter;
      const point = short ?? long;
      if (point !== undefined) return characterBytes(Number.parseInt(point, 16));
      return String.fromCharCode(
        hex === undefined ? Number.parseInt(octal as string, 8) : Number.parseInt(hex, 16),
      );
    },
  );
  return fromEscapedBytes(bytes);
}

function characterBytes(code: number): string {
  return String.fromCharCode(...new TextEncoder().encode(String.fromCodePoint(code)));
}
