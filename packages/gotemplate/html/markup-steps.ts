/**
 * Steps through HTML: text, tags, attributes, comments and elements with content of another kind.
 *
 * A step takes the context and the text ahead, and says how far one state reaches and what comes then. All
 * steps together are in step-table.ts.
 */

import { quoteGo } from "@narthex/bytes/go-quote";
import { attributeType } from "./attribute-type.ts";
import {
  contextIn,
  HtmlMarkupError,
  isComment,
  isScriptLiteral,
  type HtmlContext,
  type SpecialAttribute,
  type SpecialElement,
  type State,
  type Step,
} from "./context.ts";

const elements: Readonly<Record<string, SpecialElement>> = {
  script: "script",
  style: "style",
  textarea: "textarea",
  title: "title",
  meta: "meta",
};

/** Text up to the next tag or comment. */
export function stepText(context: HtmlContext, text: string): Step {
  for (let at = text.indexOf("<"); at >= 0 && at + 1 < text.length; at = text.indexOf("<", at)) {
    if (text.startsWith("<!--", at)) return { context: contextIn("htmlComment"), consumed: at + 4 };
    const isEnd = text[at + 1] === "/";
    const nameAt = at + (isEnd ? 2 : 1);
    if (nameAt >= text.length) break;
    const name = /^[a-zA-Z](?:[a-zA-Z0-9]|[:-][a-zA-Z0-9])*/u.exec(text.slice(nameAt))?.[0];
    if (name !== undefined) {
      const element = isEnd ? "none" : (elements[name.toLowerCase()] ?? "none");
      return { context: contextIn("tag", { element }), consumed: nameAt + name.length };
    }
    at = nameAt;
  }
  return { context, consumed: text.length };
}

const contents: Readonly<Record<SpecialElement, State>> = {
  none: "text",
  script: "js",
  style: "css",
  textarea: "rcdata",
  title: "rcdata",
  meta: "text",
};

function skipBlanks(text: string, at: number): number {
  let end = at;
  while (end < text.length && " \t\n\f\r".includes(text[end] as string)) end++;
  return end;
}

/** Between the parts of a tag. */
export function stepTag(context: HtmlContext, text: string): Step {
  const { element } = context;
  const start = skipBlanks(text, 0);
  if (start === text.length) return { context, consumed: start };
  if (text[start] === ">") {
    const inside = element === "meta" ? contextIn("text") : contextIn(contents[element], { element });
    return { context: inside, consumed: start + 1 };
  }
  const end = attributeNameEnd(text, start);
  if (end === start) {
    const found = quoteGo(text.slice(start));
    throw new HtmlMarkupError(`expected space, attr name, or end of tag, but got ${found}`);
  }
  const attribute = specialAttribute(element, text.slice(start, end).toLowerCase());
  const state = end === text.length ? "attrName" : "afterName";
  return { context: contextIn(state, { element, attribute }), consumed: end };
}

function specialAttribute(element: SpecialElement, name: string): SpecialAttribute {
  if (element === "script" && name === "type") return "scriptType";
  if (element === "meta" && name === "content") return "metaContent";
  switch (attributeType(name)) {
    case "url":
      return "url";
    case "css":
      return "style";
    case "js":
      return "script";
    case "srcset":
      return "srcset";
    default:
      return "none";
  }
}

function attributeNameEnd(text: string, start: number): number {
  const end = start + (text.slice(start).search(/[ \t\n\f\r=>'"<]/u) + 1 || text.length - start + 1) - 1;
  const char = text[end];
  if (char === "'" || char === '"' || char === "<") {
    const excerpt = quoteGo([...text].slice(0, 32).join(""));
    throw new HtmlMarkupError(`${quoteGo(char)} in attribute name: ${excerpt}`);
  }
  return end;
}

/** The rest of a name that an action may have begun. */
export function stepAttrName(context: HtmlContext, text: string): Step {
  const end = attributeNameEnd(text, 0);
  return { context: end === text.length ? context : { ...context, state: "afterName" }, consumed: end };
}

/** Behind a name: an equals sign, or the next part. */
export function stepAfterName(context: HtmlContext, text: string): Step {
  const at = skipBlanks(text, 0);
  if (at === text.length) return { context, consumed: at };
  if (text[at] !== "=") return { context: { ...context, state: "tag" }, consumed: at };
  return { context: { ...context, state: "beforeValue" }, consumed: at + 1 };
}

/** The state in which the value of an attribute begins. */
export const valueStates: Readonly<Record<SpecialAttribute, State>> = {
  none: "attr",
  script: "js",
  scriptType: "attr",
  style: "css",
  url: "url",
  srcset: "srcset",
  metaContent: "metaContent",
};

/** Between the equals sign and the value. */
export function stepBeforeValue(context: HtmlContext, text: string): Step {
  const at = skipBlanks(text, 0);
  if (at === text.length) return { context, consumed: at };
  const state = valueStates[context.attribute];
  if (text[at] === "'") return { context: { ...context, state, delimiter: "singleQuote" }, consumed: at + 1 };
  if (text[at] === '"') return { context: { ...context, state, delimiter: "doubleQuote" }, consumed: at + 1 };
  return { context: { ...context, state, delimiter: "spaceOrTagEnd" }, consumed: at };
}

/** To the end of a comment. */
export function stepHtmlComment(context: HtmlContext, text: string): Step {
  const end = text.indexOf("-->");
  if (end < 0) return { context, consumed: text.length };
  return { context: contextIn("text"), consumed: end + 3 };
}

/** Content of an element that only its end tag ends. */
export function stepSpecialElement(context: HtmlContext, text: string): Step {
  const { element, state } = context;
  if (element !== "none") {
    if (element === "script" && (isScriptLiteral(state) || isComment(state))) {
      return { context, consumed: text.length };
    }
    const name = element === "meta" ? "" : element;
    const end = text.search(new RegExp(`</${name}[> \\t\\n\\f/]`, "iu"));
    if (end >= 0) return { context: contextIn("text"), consumed: end };
  }
  return { context, consumed: text.length };
}

/** An attribute of text. */
export function stepAttr(context: HtmlContext, text: string): Step {
  return { context, consumed: text.length };
}

/** A URL: what matters is whether its query has begun. */
export function stepUrl(context: HtmlContext, text: string): Step {
  return { context: afterUrlText(context, text), consumed: text.length };
}

/** The context behind a piece of a URL. */
export function afterUrlText(context: HtmlContext, text: string): HtmlContext {
  if (/[#?]/u.test(text)) return { ...context, urlPart: "queryOrFragment" };
  const isBlank = skipBlanks(text, 0) === text.length;
  return isBlank || context.urlPart !== "none" ? context : { ...context, urlPart: "preQuery" };
}

/** The content attribute of a meta element, up to a `url=` in it. */
export function stepMetaContent(context: HtmlContext, text: string): Step {
  const found = /url[ \t\n\f\r]*=/iu.exec(text);
  if (found === null) return { context, consumed: text.length };
  return { context: { ...context, state: "metaContentUrl" }, consumed: found.index + found[0].length };
}

/** The URL there, up to a semicolon. */
export function stepMetaContentUrl(context: HtmlContext, text: string): Step {
  const end = text.indexOf(";");
  if (end < 0) return { context, consumed: text.length };
  return { context: { ...context, state: "metaContent" }, consumed: end + 1 };
}
