/**
 * Writes a page piece by piece and knows at every piece where it stands: the template's own text moves the
 * place, and each value is made safe for the place it falls on.
 *
 *   execute → HTML WRITER (step-table for text, filters for values) → output
 *
 * Go's html/template finds the places before it runs a template, and refuses templates whose branches end at
 * different places. Here the place is followed while the template runs: what Go accepts gives the same page;
 * what it refuses is written as safely.
 *
 * Invariants
 *  - Comments of the template are dropped; a stray `<` is escaped.
 *  - A value never ends the attribute, string or element it stands in.
 */

import { escapeQuery } from "../escape.ts";
import { argumentsText } from "../print.ts";
import { GoSafe, type Value } from "../value.ts";
import {
  contextIn,
  HtmlMarkupError,
  isComment,
  isScriptLiteral,
  startOfPage,
  type HtmlContext,
} from "./context.ts";
import { filters, type Content, type FilterName } from "./filters.ts";
import { valueStates } from "./markup-steps.ts";
import { scriptValue } from "./script-value.ts";
import { stepPage } from "./step-table.ts";

/** The escapers that a template may end a pipe with; they take the place of the equivalent filter. */
export type NamedEscaper = "html" | "urlquery";

const equivalent: Readonly<Record<NamedEscaper, readonly FilterName[]>> = {
  html: ["attribute", "text", "rcdata"],
  urlquery: ["url", "urlNormalize"],
};

/** Filters after which an attribute's own adds nothing. */
const coversAttribute: ReadonlySet<FilterName> = new Set([
  "comment",
  "style",
  "scriptRegexp",
  "scriptString",
  "scriptTemplate",
]);

/** One page being written. */
export class HtmlWriter {
  #context: HtmlContext = startOfPage;

  /** The template's own text as it goes into the page. */
  text(text: string): string {
    let out = "";
    let written = 0;
    for (let at = 0; at < text.length;) {
      const before = this.#context;
      const { context, consumed } = stepPage(before, text.slice(at));
      const end = at + consumed;
      if (before.state === "text" || before.state === "rcdata") {
        const piece = text.slice(at, context.state === before.state ? end : tagStart(text, at, end));
        const escaped = piece.replace(/<(?!!doctype)/giu, "&lt;");
        if (escaped !== piece) {
          out += text.slice(written, at) + escaped;
          written = at + piece.length;
        }
      } else if (isComment(before.state) && before.delimiter === "none") {
        out += commentRemains(before, text.slice(written, end));
        written = end;
      }
      if (before.state !== context.state && isComment(context.state) && context.delimiter === "none") {
        out += text.slice(written, end - commentMark(context));
        written = end;
      }
      if (isScriptLiteral(before.state)) {
        const piece = text.slice(Math.max(at, written), end);
        out +=
          text.slice(written, Math.max(at, written)) + piece.replace(/<(script|\/script|!--)/giu, "\\x3C$1");
        written = end;
      }
      this.#context = context;
      at = end;
    }
    const drops = isComment(this.#context.state) && this.#context.delimiter === "none";
    return drops ? out : out + text.slice(written);
  }

  /** A value as it goes into the page; `named` is the escaper the template applied last. */
  value(value: Value, named: NamedEscaper | null): string {
    this.#context = nudged(this.#context);
    let names = this.#filters();
    if (named !== null) {
      const isSame = (name: FilterName): boolean => equivalent[named].includes(name);
      names = names.some(isSame) ? names.map((name) => (isSame(name) ? named : name)) : [named, ...names];
    }
    const last = names[names.length - 2];
    if (last !== undefined && names[names.length - 1] === "attribute" && coversAttribute.has(last))
      names.pop();
    let current: Value = value;
    for (const name of names) current = filtered(name, current);
    if (this.#context.state === "js") this.#context = { ...this.#context, slash: "division" };
    return contentOf(current).text;
  }

  /** Throws when the page ends inside of something. */
  end(): void {
    const { state, delimiter, element } = this.#context;
    if (state !== "text") {
      throw new HtmlMarkupError(`ends in a non-text context: ${state} ${delimiter} ${element}`);
    }
  }

  #filters(): FilterName[] {
    const { delimiter } = this.#context;
    const names = this.#stateFilters();
    if (delimiter === "spaceOrTagEnd") names.push("unquoted");
    else if (delimiter !== "none") names.push("attribute");
    return names;
  }

  #stateFilters(): FilterName[] {
    const { state } = this.#context;
    switch (state) {
      case "url":
      case "cssDoubleQuoted":
      case "cssSingleQuoted":
      case "cssDoubleQuotedUrl":
      case "cssSingleQuotedUrl":
      case "cssUrl":
        return this.#urlFilters();
      case "metaContentUrl":
        return ["urlFilter"];
      case "metaContent":
      case "attr":
        return [];
      case "js":
        return ["scriptValue"];
      case "jsDoubleQuoted":
      case "jsSingleQuoted":
        return ["scriptString"];
      case "jsTemplate":
        return ["scriptTemplate"];
      case "jsRegexp":
        return ["scriptRegexp"];
      case "css":
        return ["styleValue"];
      case "text":
        return ["text"];
      case "rcdata":
        return ["rcdata"];
      case "srcset":
        return ["srcset"];
      case "tag":
      case "attrName":
        this.#context = { ...this.#context, state: "attrName" };
        return ["name"];
      default:
        return ["comment"];
    }
  }

  #urlFilters(): FilterName[] {
    const { state, urlPart } = this.#context;
    if (urlPart === "queryOrFragment") return ["url"];
    const inString = state === "cssDoubleQuoted" || state === "cssSingleQuoted";
    const encode: FilterName = inString ? "style" : "urlNormalize";
    return urlPart === "none" ? ["urlFilter", encode] : [encode];
  }
}

function tagStart(text: string, from: number, end: number): number {
  const at = text.lastIndexOf("<", end - 1);
  return at < from ? end : at;
}

/** What a comment of a script or style leaves behind: a separator. */
function commentRemains({ state }: HtmlContext, text: string): string {
  if (state === "jsBlockComment") return /[\n\r\u2028\u2029]/u.test(text) ? "\n" : " ";
  return state === "cssBlockComment" ? " " : "";
}

/** Characters that begin a comment. */
function commentMark({ state }: HtmlContext): number {
  if (state === "htmlComment" || state === "jsHtmlOpenComment") return 4;
  return state === "jsHtmlCloseComment" ? 3 : 2;
}

/** The context in which a value that comes next stands. */
function nudged(context: HtmlContext): HtmlContext {
  switch (context.state) {
    case "tag":
      return { ...context, state: "attrName" };
    case "beforeValue":
      return {
        ...context,
        state: valueStates[context.attribute],
        delimiter: "spaceOrTagEnd",
        attribute: "none",
      };
    case "afterName":
      return contextIn("attrName", { element: context.element });
    default:
      return context;
  }
}

function filtered(name: FilterName, value: Value): Value {
  if (name === "scriptValue") return scriptValue(value);
  // The escapers that templates name print what is missing; the others leave it out.
  if (name === "html" && value === null) return filters.html({ text: argumentsText([null]), kind: "plain" });
  if (name === "urlquery") return escapeQuery(contentOf(value).text);
  return filters[name](contentOf(value));
}

function contentOf(value: Value): Content {
  if (value instanceof GoSafe) return { text: value.text, kind: value.kind };
  return { text: value === null ? "" : argumentsText([value]), kind: "plain" };
}
