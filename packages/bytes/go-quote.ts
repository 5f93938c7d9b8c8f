/**
 * Go's quoted strings: writing them (`%q`, `%#U`) and reading them (`strconv.Unquote`).
 */

/** `U+0041 'A'`, Go's `%#U`; of "" the end of the text, which Go takes for the character -1. */
export function unicodePoint(char: string): string {
  const code = char.codePointAt(0);
  if (code === undefined) return "U+FFFFFFFFFFFFFFFF";
  const hex = code.toString(16).toUpperCase().padStart(4, "0");
  return isPrintable(char) ? `U+${hex} '${char}'` : `U+${hex}`;
}

/** Whether Go's `strconv.IsPrint` holds: letters, marks, numbers, punctuation, symbols and the blank. */
export function isPrintable(char: string): boolean {
  return char === " " || /^[\p{L}\p{M}\p{N}\p{P}\p{S}]$/u.test(char);
}

const shortEscapes: Readonly<Record<string, string>> = {
  "\u0007": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
  "\\": "\\\\",
};

/** Go's `%q` of a string; `quote` other than `"` for characters; `ascii` for `%+q`. */
export function quoteGo(text: string, quote = '"', ascii = false): string {
  let quoted = quote;
  for (const char of text) quoted += escaped(char, quote, ascii);
  return quoted + quote;
}

function escaped(char: string, quote: string, ascii: boolean): string {
  if (char === quote) return `\\${char}`;
  const short = shortEscapes[char];
  if (short !== undefined) return short;
  const code = char.codePointAt(0) as number;
  // A byte that is no UTF-8 is kept as a lone surrogate of its own.
  if (code >= 0xdc80 && code <= 0xdcff) return `\\x${(code - 0xdc00).toString(16)}`;
  if (code >= 0xd800 && code <= 0xdfff) return ascii ? "\\ufffd" : "\ufffd";
  if (isPrintable(char) && !(ascii && code > 126)) return char;
  if (code < 0x80) return `\\x${code.toString(16).padStart(2, "0")}`;
  const hex = code.toString(16);
  return code < 0x10000 ? `\\u${hex.padStart(4, "0")}` : `\\U${hex.padStart(8, "0")}`;
}

const plainEscapes: Readonly<Record<string, number>> = {
  a: 7,
  b: 8,
  f: 12,
  n: 10,
  r: 13,
  t: 9,
  v: 11,
  "\\": 92,
};

const hexLengths: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

/**
 * The text of a quoted string ("…", '…' or `…`); null when it is not well formed. Bytes given by `\x` or
 * octal escapes that are no UTF-8 become U+FFFD.
 */
export function unquoteGo(quoted: string): string | null {
  const quote = quoted[0];
  if (quoted.length < 2 || quote !== quoted[quoted.length - 1]) return null;
  const inner = quoted.slice(1, -1);
  if (quote === "`") return inner.includes("`") ? null : inner.replaceAll("\r", "");
  if (quote !== '"' && quote !== "'") return null;
  if (inner.includes("\n")) return null;
  const bytes = unescape(inner, quote);
  if (bytes === null) return null;
  const text = new TextDecoder().decode(Uint8Array.from(bytes));
  return quote === "'" && [...text].length !== 1 ? null : text;
}

function unescape(inner: string, quote: string): number[] | null {
  const bytes: number[] = [];
  const encoder = new TextEncoder();
  for (let at = 0; at < inner.length;) {
    const char = String.fromCodePoint(inner.codePointAt(at) as number);
    if (char === quote) return null;
    at += char.length;
    if (char !== "\\") {
      bytes.push(...encoder.encode(char));
      continue;
    }
    const read = readEscape(inner, at, quote);
    if (read === null) return null;
    at = read.end;
    if (read.isByte) bytes.push(read.code);
    else bytes.push(...encoder.encode(String.fromCodePoint(read.code)));
  }
  return bytes;
}

interface Escape {
  readonly code: number;
  readonly end: number;
  /** Whether the code is a byte of UTF-8, not a character. */
  readonly isByte: boolean;
}

function readEscape(inner: string, at: number, quote: string): Escape | null {
  const letter = inner[at] ?? "";
  const plain = plainEscapes[letter];
  if (plain !== undefined) return { code: plain, end: at + 1, isByte: true };
  if (letter === quote && letter !== "") return { code: letter.charCodeAt(0), end: at + 1, isByte: true };
  const octal = /^[0-7]{3}/u.exec(inner.slice(at, at + 3));
  if (octal !== null) {
    const code = Number.parseInt(octal[0], 8);
    return code > 255 ? null : { code, end: at + 3, isByte: true };
  }
  const length = hexLengths[letter];
  if (length === undefined) return null;
  const digits = inner.slice(at + 1, at + 1 + length);
  if (!new RegExp(`^[0-9a-fA-F]{${length}}$`, "u").test(digits)) return null;
  const code = Number.parseInt(digits, 16);
  if (letter !== "x" && (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))) return null;
  return { code, end: at + 1 + length, isByte: letter === "x" };
}
