/**
 * The five characters of HTML that need writing otherwise, and the zero byte.
 */

const entities: Readonly<Record<string, string>> = {
  "\0": "\ufffd",
  '"': "&#34;",
  "'": "&#39;",
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
};

/** Text as it stands in HTML, also within quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[\0"'&<>]/gu, (char) => entities[char] as string);
}
