/**
 * Steps through CSS: strings, url(…) and comments. Strings count as URLs, as they often are.
 */

import { quoteGo } from "@narthex/bytes/go-quote";
import { HtmlMarkupError, type HtmlContext, type State, type Step } from "./context.ts";
import { afterUrlText } from "./markup-steps.ts";

/** Rules, up to a string, a url or a comment. */
export function stepStyle(context: HtmlContext, text: string): Step {
  const into = (state: State, consumed: number): Step => ({ context: { ...context, state }, consumed });
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (char === '"') return into("cssDoubleQuoted", at + 1);
    if (char === "'") return into("cssSingleQuoted", at + 1);
    if (text.startsWith("//", at)) return into("cssLineComment", at + 2);
    if (text.startsWith("/*", at)) return into("cssBlockComment", at + 2);
    if (char !== "(" || !endsWithUrl(text.slice(0, at))) continue;
    const inside = text.length - text.slice(at + 1).replace(/^[\t\n\f\r ]+/u, "").length;
    if (text[inside] === '"') return into("cssDoubleQuotedUrl", inside + 1);
    if (text[inside] === "'") return into("cssSingleQuotedUrl", inside + 1);
    return into("cssUrl", inside);
  }
  return { context, consumed: text.length };
}

function endsWithUrl(before: string): boolean {
  return /(?:^|[^a-zA-Z0-9_\u0080-\u{10ffff}-])url[\t\n\f\r ]*$/iu.test(before);
}

const ends: Partial<Readonly<Record<State, RegExp>>> = {
  cssDoubleQuoted: /["\\]/gu,
  cssDoubleQuotedUrl: /["\\]/gu,
  cssSingleQuoted: /['\\]/gu,
  cssSingleQuotedUrl: /['\\]/gu,
  cssUrl: /[\\\t\n\f\r )]/gu,
};

/** A string or url, up to its end. */
export function stepStyleText(context: HtmlContext, text: string): Step {
  const end = new RegExp(ends[context.state] ?? /$/gu);
  let here = context;
  for (;;) {
    const from = end.lastIndex;
    const found = end.exec(text);
    if (found === null) {
      return { context: afterUrlText(here, decodeStyle(text.slice(from))), consumed: text.length };
    }
    if (found[0] !== "\\") return { context: { ...here, state: "css" }, consumed: found.index + 1 };
    const escaped = found.index + 1;
    if (escaped === text.length) {
      throw new HtmlMarkupError(`unfinished escape sequence in CSS string: ${quoteGo(text)}`);
    }
    here = afterUrlText(here, decodeStyle(text.slice(0, escaped + 1)));
    end.lastIndex = escaped + 1;
  }
}

/** Text with its CSS escapes resolved. */
export function decodeStyle(text: string): string {
  const escape = /\\(?:([0-9a-fA-F]{1,6})(?:\r\n|[\t\n\f\r ])?|([^])|$)/gu;
  return text.replace(escape, (_all, hex: string | undefined, char: string | undefined) => {
    if (hex === undefined) return char ?? "";
    const code = Number.parseInt(hex, 16);
    const valid = code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
    return valid ? String.fromCodePoint(code) : "\ufffd";
  });
}
