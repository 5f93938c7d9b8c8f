/**
 * What makes a value safe at a place of a page. Each filter takes a text and what its author vouches for.
 *
 * A value that cannot be made safe becomes `ZgotmplZ`, a word that is easy to find.
 */

import { attributeType } from "./attribute-type.ts";
import { escapeHtml } from "./escape-html.ts";
import { stripTags } from "./strip-tags.ts";
import { decodeStyle } from "./style-steps.ts";

/** What a text is vouched to be. */
export type ContentKind = "plain" | "html" | "attr" | "css" | "js" | "jsString" | "url" | "srcset";

/** The word that takes the place of an unsafe value. */
export const failsafe = "ZgotmplZ";

/** A text with what is known of it. */
export interface Content {
  readonly text: string;
  readonly kind: ContentKind;
}

type Filter = (content: Content) => string;

function replaceAll(text: string, table: Readonly<Record<string, string>>): string {
  let out = "";
  for (const char of text) out += table[char] ?? char;
  return out;
}

const markup: Readonly<Record<string, string>> = {
  "\0": "\ufffd",
  '"': "&#34;",
  "&": "&amp;",
  "'": "&#39;",
  "+": "&#43;",
  "<": "&lt;",
  ">": "&gt;",
};
const { "&": _ampersand, ...markupOfHtml } = markup;
const blanks: Readonly<Record<string, string>> = {
  "\0": "&#xfffd;",
  "\t": "&#9;",
  "\n": "&#10;",
  "\v": "&#11;",
  "\f": "&#12;",
  "\r": "&#13;",
  " ": "&#32;",
  "=": "&#61;",
  "`": "&#96;",
};

function escapeUnquoted({ text, kind }: Content): string {
  if (text === "") return failsafe;
  const isHtml = kind === "html";
  const escaped = replaceAll(isHtml ? stripTags(text) : text, {
    ...(isHtml ? markupOfHtml : markup),
    ...blanks,
  });
  return escaped.replace(
    /[\ufdd0-\ufdef\ufff0-\uffff]/gu,
    (char) => `&#x${char.charCodeAt(0).toString(16)};`,
  );
}

const lowCharacters: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    Array.from({ length: 32 }, (_, code) => [
      String.fromCharCode(code),
      `\\u${code.toString(16).padStart(4, "0")}`,
    ]),
  ),
  "\t": "\\t",
  "\n": "\\n",
  "\f": "\\f",
  "\r": "\\r",
  "\u2028": "\\u2028",
  "\u2029": "\\u2029",
};

const scriptStringOfString: Readonly<Record<string, string>> = {
  ...lowCharacters,
  '"': "\\u0022",
  "`": "\\u0060",
  "&": "\\u0026",
  "'": "\\u0027",
  "+": "\\u002b",
  "/": "\\/",
  "<": "\\u003c",
  ">": "\\u003e",
};
const scriptString: Readonly<Record<string, string>> = { ...scriptStringOfString, "\\": "\\\\" };
const scriptTemplate: Readonly<Record<string, string>> = {
  ...scriptString,
  $: "\\u0024",
  "{": "\\u007b",
  "}": "\\u007d",
};
const { "`": _backquote, ...scriptRegexp } = {
  ...scriptString,
  ...Object.fromEntries([..."$()*-.?[]^{|}"].map((char) => [char, `\\${char}`])),
};

const styleEscapes: Readonly<Record<string, string>> = {
  "\0": "\\0",
  "\t": "\\9",
  "\n": "\\a",
  "\f": "\\c",
  "\r": "\\d",
  '"': "\\22",
  "&": "\\26",
  "'": "\\27",
  "(": "\\28",
  ")": "\\29",
  "+": "\\2b",
  "/": "\\2f",
  ":": "\\3a",
  ";": "\\3b",
  "<": "\\3c",
  ">": "\\3e",
  "\\": "\\\\",
  "{": "\\7b",
  "}": "\\7d",
};

function escapeStyle({ text }: Content): string {
  const chars = [...text];
  return chars
    .map((char, i) => {
      const escaped = styleEscapes[char];
      if (escaped === undefined) return char;
      const next = chars[i + 1];
      // A blank ends the escape where the next character could continue it.
      const open = escaped !== "\\\\" && (next === undefined || /[0-9a-fA-F\t\n\f\r ]/u.test(next));
      return open ? `${escaped} ` : escaped;
    })
    .join("");
}

function filterStyle({ text, kind }: Content): string {
  if (kind === "css") return text;
  const decoded = decodeStyle(text);
  if (/[\0"'()/;@[\\\]`{}<>]|--/u.test(decoded)) return failsafe;
  const words = decoded.replace(/[^a-zA-Z0-9_-]/gu, "").toLowerCase();
  return /expression|mozbinding/u.test(words) ? failsafe : decoded;
}

function isSafeUrl(text: string): boolean {
  const colon = text.indexOf(":");
  if (colon < 0) return true;
  const scheme = text.slice(0, colon);
  return scheme.includes("/") || /^(?:https?|mailto)$/iu.test(scheme);
}

/** URL text in percent encoding; `normalize` keeps what has a meaning in a URL, and what is encoded. */
function encodeUrl(text: string, normalize: boolean): string {
  const bytes = new TextEncoder().encode(text);
  let out = "";
  for (const [i, byte] of bytes.entries()) {
    const char = String.fromCharCode(byte);
    const kept =
      /[A-Za-z0-9._~-]/u.test(char) ||
      (normalize && "!#$&*+,/:;=?@[]".includes(char)) ||
      (normalize && char === "%" && isHex(bytes[i + 1]) && isHex(bytes[i + 2]));
    out += kept ? char : `%${byte.toString(16).padStart(2, "0")}`;
  }
  return out;
}

function isHex(byte: number | undefined): boolean {
  return byte !== undefined && /[0-9a-fA-F]/u.test(String.fromCharCode(byte));
}

function filterSrcset({ text, kind }: Content): string {
  if (kind === "srcset") return text;
  if (kind === "url") return encodeUrl(text, true).replaceAll(",", "%2c");
  return text.split(",").map(filterSource).join(",");
}

function filterSource(source: string): string {
  const [, before = "", url = "", after = ""] = /^([\t\n\f\r ]*)([^\t\n\f\r ]*)(.*)$/su.exec(source) ?? [];
  if (!isSafeUrl(url) || !/^[\t\n\f\r 0-9A-Za-z]*$/u.test(after)) return `#${failsafe}`;
  return before + encodeUrl(url, true) + after;
}

function filterName({ text, kind }: Content): string {
  if (kind === "attr") return text;
  const name = text.toLowerCase();
  if (name === "" || attributeType(name) !== "plain") return failsafe;
  return /^[0-9a-z]*$/u.test(name) ? name : failsafe;
}

/** The filters by name. `html` and `urlquery` are those that templates may name themselves. */
export const filters = {
  attribute: ({ text, kind }) =>
    kind === "html" ? replaceAll(stripTags(text), markupOfHtml) : replaceAll(text, markup),
  comment: () => "",
  style: escapeStyle,
  styleValue: filterStyle,
  name: filterName,
  html: ({ text }) => escapeHtml(text),
  text: ({ text, kind }) => (kind === "html" ? text : replaceAll(text, markup)),
  rcdata: ({ text, kind }) => replaceAll(text, kind === "html" ? markupOfHtml : markup),
  scriptRegexp: ({ text }) => replaceAll(text, scriptRegexp) || "(?:)",
  scriptString: ({ text, kind }) =>
    replaceAll(text, kind === "jsString" ? scriptStringOfString : scriptString),
  scriptTemplate: ({ text }) => replaceAll(text, scriptTemplate),
  unquoted: escapeUnquoted,
  srcset: filterSrcset,
  url: ({ text, kind }) => encodeUrl(text, kind === "url"),
  urlFilter: ({ text, kind }) => (kind === "url" || isSafeUrl(text) ? text : `#${failsafe}`),
  urlNormalize: ({ text }) => encodeUrl(text, true),
} satisfies Readonly<Record<string, Filter>>;

/** The name of a filter; `scriptValue` looks at the value itself (script-value.ts). */
export type FilterName = keyof typeof filters | "scriptValue" | "urlquery";
