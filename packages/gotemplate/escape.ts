/**
 * The escapes that templates offer by name beside HTML's: for JavaScript strings and for URL queries.
 */

import { isPrintable } from "@narthex/bytes/go-quote";

const jsEscapes: Readonly<Record<string, string>> = {
  "\\": "\\\\",
  "'": "\\'",
  '"': '\\"',
  "<": "\\u003C",
  ">": "\\u003E",
  "&": "\\u0026",
  "=": "\\u003D",
};

/** Text within a JavaScript string. */
export function escapeJs(text: string): string {
  return text.replace(/[\\'"<>&=\u0000-\u001f]|[^\u0000-\u007f]/gu, (char) => {
    const short = jsEscapes[char];
    if (short !== undefined) return short;
    const code = char.codePointAt(0) as number;
    if (code >= 0x80 && isPrintable(char)) return char;
    return `\\u${code.toString(16).toUpperCase().padStart(4, "0")}`;
  });
}

/** Text within a URL's query: Go's `url.QueryEscape`, blanks as `+`. */
export function escapeQuery(text: string): string {
  return [...new TextEncoder().encode(text)].map(queryByte).join("");
}

function queryByte(byte: number): string {
  if (byte === 0x20) return "+";
  const char = String.fromCharCode(byte);
  return /[A-Za-z0-9_.~-]/u.test(char) ? char : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
}
