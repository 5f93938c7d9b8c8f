/**
 * Steps through JavaScript: far enough to know strings, templates, regular expressions and comments.
 */

import { quoteGo } from "@narthex/bytes/go-quote";
import { assert } from "@narthex/platform/assert";
import { HtmlMarkupError, type HtmlContext, type SlashMeaning, type State, type Step } from "./context.ts";

const keywordsBeforeRegexp: ReadonlySet<string> = new Set([
  "break",
  "case",
  "continue",
  "delete",
  "do",
  "else",
  "finally",
  "in",
  "instanceof",
  "return",
  "throw",
  "try",
  "typeof",
  "void",
]);

/** What a slash would begin behind some tokens: a regular expression or a division. */
export function slashAfter(text: string, before: SlashMeaning): SlashMeaning {
  const code = text.replace(/[\s\ufeff]+$/u, "");
  const last = code[code.length - 1];
  if (last === undefined) return before;
  if (last === "+" || last === "-") {
    let start = code.length - 1;
    while (start > 0 && code[start - 1] === last) start--;
    return (code.length - start) % 2 === 1 ? "regexp" : "division";
  }
  if (last === ".") return /[0-9]/u.test(code[code.length - 2] ?? "") ? "division" : "regexp";
  if (",<>=*%&|^?!~([:;{}".includes(last)) return "regexp";
  const word = /[$0-9A-Z_a-z]*$/u.exec(code)?.[0] ?? "";
  return keywordsBeforeRegexp.has(word) ? "regexp" : "division";
}

const openings: Readonly<Record<string, State>> = {
  '"': "jsDoubleQuoted",
  "'": "jsSingleQuoted",
  "`": "jsTemplate",
};

/** Code, up to the next token that is more than code. */
export function stepScript(context: HtmlContext, text: string): Step {
  const at = text.search(/["`'/{}<\-#]/u);
  if (at < 0) {
    return { context: { ...context, slash: slashAfter(text, context.slash) }, consumed: text.length };
  }
  const slash = slashAfter(text.slice(0, at), context.slash);
  const here = { ...context, slash };
  const char = text[at] as string;
  const opening = openings[char];
  if (opening !== undefined) {
    return { context: { ...here, state: opening, slash: "regexp" }, consumed: at + 1 };
  }
  if (char === "{" || char === "}") return stepBrace(here, char, at);
  return stepPunctuation(here, text, at);
}

function stepPunctuation(context: HtmlContext, text: string, at: number): Step {
  const into = (state: State, length: number): Step => ({
    context: { ...context, state },
    consumed: at + length,
  });
  if (text.startsWith("//", at)) return into("jsLineComment", 2);
  if (text.startsWith("/*", at)) return into("jsBlockComment", 2);
  if (text.startsWith("<!--", at)) return into("jsHtmlOpenComment", 4);
  if (text.startsWith("-->", at)) return into("jsHtmlCloseComment", 3);
  if (text.startsWith("#!", at)) return into("jsLineComment", 2);
  if (text[at] !== "/") return into("js", 1);
  if (context.slash === "regexp") return into("jsRegexp", 1);
  return { context: { ...context, slash: "regexp" }, consumed: at + 1 };
}

/** Braces count inside the expressions of template literals. */
function stepBrace(context: HtmlContext, brace: string, at: number): Step {
  const { braces } = context;
  const slash = slashAfter(brace, context.slash);
  const depth = braces[braces.length - 1];
  if (depth === undefined) return { context: { ...context, slash }, consumed: at + 1 };
  const outer = braces.slice(0, -1);
  if (brace === "{")
    return { context: { ...context, slash, braces: [...outer, depth + 1] }, consumed: at + 1 };
  if (depth > 0) return { context: { ...context, slash, braces: [...outer, depth - 1] }, consumed: at + 1 };
  return { context: { ...context, state: "jsTemplate", braces: outer }, consumed: at + 1 };
}

/** A template literal, up to its end or an expression. */
export function stepScriptTemplate(context: HtmlContext, text: string): Step {
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (char === "\\") {
      at++;
      if (at === text.length) failEscape("JS", text);
    } else if (char === "$" && text[at + 1] === "{") {
      return { context: { ...context, state: "js", braces: [...context.braces, 0] }, consumed: at + 2 };
    } else if (char === "`") {
      return { context: { ...context, state: "js" }, consumed: at + 1 };
    }
  }
  return { context, consumed: text.length };
}

function failEscape(what: string, text: string): never {
  throw new HtmlMarkupError(`unfinished escape sequence in ${what} string: ${quoteGo(text)}`);
}

const closings: Partial<Readonly<Record<State, string>>> = {
  jsDoubleQuoted: '"',
  jsSingleQuoted: "'",
  jsRegexp: "/",
};

/** A string or a regular expression, up to its end. */
export function stepScriptLiteral(context: HtmlContext, text: string): Step {
  const close = closings[context.state];
  assert(close !== undefined, "a literal has an end");
  let inSet = false;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (char === "\\") {
      at++;
      if (at === text.length) failEscape("JS", text);
    } else if (close === "/" && (char === "[" || char === "]")) {
      inSet = char === "[";
    } else if (char === close && !inSet) {
      if (close === "/" && /^<\/script/iu.test(text.slice(Math.max(at - 1, 0), at + 7))) continue;
      return { context: { ...context, state: "js", slash: "division" }, consumed: at + 1 };
    }
  }
  if (inSet) throw new HtmlMarkupError(`unfinished JS regexp charset: ${quoteGo(text)}`);
  return { context, consumed: text.length };
}

/** A comment in a script or style, up to its end. */
export function stepBlockComment(context: HtmlContext, text: string): Step {
  const end = text.indexOf("*/");
  if (end < 0) return { context, consumed: text.length };
  const state = context.state === "jsBlockComment" ? "js" : "css";
  return { context: { ...context, state }, consumed: end + 2 };
}

/** A comment that ends with its line; the line's end belongs to the code. */
export function stepLineComment(context: HtmlContext, text: string): Step {
  const isStyle = context.state === "cssLineComment";
  const end = text.search(isStyle ? /[\n\f\r]/u : /[\n\r\u2028\u2029]/u);
  if (end < 0) return { context, consumed: text.length };
  return { context: { ...context, state: isStyle ? "css" : "js" }, consumed: end };
}
