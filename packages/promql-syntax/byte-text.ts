/**
 * Query text with one character per UTF-8 byte, so that every index into it is a byte offset, as the original
 * counts positions. Names, numbers and operators are ASCII and read the same; strings are decoded when they
 * are unquoted.
 */

const encoder = new TextEncoder();
// A byte order mark is a character like any other here.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const strictDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** `text` as bytes in a string; lone surrogates become U+FFFD. ASCII text is returned as it is. */
export function toByteText(text: string): string {
  if (isAscii(text)) return text;
  const bytes = encoder.encode(text);
  let byteText = "";
  // Slices, because a call takes a limited number of arguments.
  for (let i = 0; i < bytes.length; i += 8192)
    byteText += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return byteText;
}

/** The text behind bytes in a string; bytes that are not UTF-8 become U+FFFD. */
export function fromByteText(byteText: string): string {
  if (isAscii(byteText)) return byteText;
  return decoder.decode(Uint8Array.from(byteText, (char) => char.charCodeAt(0)));
}

function isAscii(text: string): boolean {
  // eslint-disable-next-line no-control-regex
  return !/[^\u0000-\u007f]/u.test(text);
}

/**
 * As `fromByteText`, but a byte that is not UTF-8 becomes the lone surrogate U+DC00 + byte: escapes can write
 * such bytes, and they must neither pass as a valid name nor meet another string.
 */
export function fromEscapedBytes(byteText: string): string {
  if (isAscii(byteText)) return byteText;
  try {
    return strictDecoder.decode(Uint8Array.from(byteText, (char) => char.charCodeAt(0)));
  } catch {
    return byteText.replace(utf8Sequence, (_all, sequence?: string, stray?: string) =>
      sequence === undefined
        ? String.fromCharCode(0xdc00 + (stray as string).charCodeAt(0))
        : fromByteText(sequence),
    );
  }
}

/** A well-formed sequence of two to four bytes, or a byte that belongs to none. */
const utf8Sequence = new RegExp(
  "([\\xc2-\\xdf][\\x80-\\xbf]|\\xe0[\\xa0-\\xbf][\\x80-\\xbf]|[\\xe1-\\xec\\xee\\xef][\\x80-\\xbf]{2}" +
    "|\\xed[\\x80-\\x9f][\\x80-\\xbf]|\\xf0[\\x90-\\xbf][\\x80-\\xbf]{2}|[\\xf1-\\xf3][\\x80-\\xbf]{3}" +
    "|\\xf4[\\x80-\\x8f][\\x80-\\xbf]{2})|([\\x80-\\xff])",
  "gu",
);

/** The character at `index` and how many bytes it takes; -1 and 0 at the end. */
export function characterAt(
  byteText: string,
  index: number,
): { readonly code: number; readonly width: number } {
  if (index >= byteText.length) return { code: -1, width: 0 };
  const lead = byteText.charCodeAt(index);
  if (lead < 0x80) return { code: lead, width: 1 };
  const width = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  const text = fromByteText(byteText.slice(index, index + width));
  return { code: text.codePointAt(0) as number, width };
}
