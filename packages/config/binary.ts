/**
 * YAML's `!!binary`: bytes in base64, which Go programs take as a text, valid or not.
 */

const base64Shape = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/u;

/**
 * Bytes as text; a byte that is not UTF-8 becomes the lone surrogate U+DC00 + byte, so that it is told apart
 * later.
 */
export function decodeBinary(text: string): string | null {
  const compact = text.replace(/[\r\n]/gu, "");
  if (!base64Shape.test(compact)) return null;
  const bytes = Uint8Array.from(atob(compact), (char) => char.charCodeAt(0));
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return Array.from(bytes, (byte) => String.fromCharCode(byte < 0x80 ? byte : 0xdc00 + byte)).join("");
  }
}
