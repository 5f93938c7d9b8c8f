/**
 * The entities that matter where scripts and styles stand in attributes: those that can hide a quote, a slash
 * or a bracket.
 */

const named: Readonly<Record<string, string>> = {
  amp: "&",
  AMP: "&",
  apos: "'",
  bsol: "\\",
  colon: ":",
  equals: "=",
  excl: "!",
  grave: "`",
  gt: ">",
  GT: ">",
  lbrace: "{",
  lcub: "{",
  lpar: "(",
  lsqb: "[",
  lt: "<",
  LT: "<",
  nbsp: "\u00a0",
  NewLine: "\n",
  num: "#",
  quest: "?",
  quot: '"',
  QUOT: '"',
  rbrace: "}",
  rcub: "}",
  rpar: ")",
  rsqb: "]",
  semi: ";",
  sol: "/",
  Tab: "\t",
};

/** Text without entities, as a browser reads an attribute's value. */
export function unescapeHtml(text: string): string {
  if (!text.includes("&")) return text;
  return text.replace(/&(?:#[xX]([0-9a-fA-F]+)|#([0-9]+)|([a-zA-Z]+));?/gu, (all, hex, decimal, name) => {
    if (typeof name === "string") return named[name] ?? all;
    const code = typeof hex === "string" ? Number.parseInt(hex, 16) : Number(decimal);
    const valid = code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
    return valid ? String.fromCodePoint(code) : "\ufffd";
  });
}
