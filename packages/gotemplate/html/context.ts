/**
 * Where in an HTML page the writing stands: in text, in a tag, in an attribute that is a URL, in a string of
 * a script, … What a value may look like depends on it.
 */

/** The part of a page; names as Go's html/template uses them. */
export type State =
  | "text"
  | "tag"
  | "attrName"
  | "afterName"
  | "beforeValue"
  | "htmlComment"
  | "rcdata"
  | "attr"
  | "url"
  | "srcset"
  | "js"
  | "jsDoubleQuoted"
  | "jsSingleQuoted"
  | "jsTemplate"
  | "jsRegexp"
  | "jsBlockComment"
  | "jsLineComment"
  | "jsHtmlOpenComment"
  | "jsHtmlCloseComment"
  | "css"
  | "cssDoubleQuoted"
  | "cssSingleQuoted"
  | "cssDoubleQuotedUrl"
  | "cssSingleQuotedUrl"
  | "cssUrl"
  | "cssBlockComment"
  | "cssLineComment"
  | "metaContent"
  | "metaContentUrl";

/** What ends the attribute. */
export type Delimiter = "none" | "doubleQuote" | "singleQuote" | "spaceOrTagEnd";
/** Which part of a URL. */
export type UrlPart = "none" | "preQuery" | "queryOrFragment";
/** What a slash in a script would begin. */
export type SlashMeaning = "regexp" | "division";
/** Elements whose content is no HTML. */
export type SpecialElement = "none" | "script" | "style" | "textarea" | "title" | "meta";
/** Attributes whose values are more than text. */
export type SpecialAttribute = "none" | "script" | "scriptType" | "style" | "url" | "srcset" | "metaContent";

/** A place in a page. Replaced, never changed. */
export interface HtmlContext {
  readonly state: State;
  readonly delimiter: Delimiter;
  readonly urlPart: UrlPart;
  readonly slash: SlashMeaning;
  /** Open braces in each template literal's expression of a script. */
  readonly braces: readonly number[];
  readonly attribute: SpecialAttribute;
  readonly element: SpecialElement;
}

/** The beginning of a page. */
export const startOfPage: HtmlContext = {
  state: "text",
  delimiter: "none",
  urlPart: "none",
  slash: "regexp",
  braces: [],
  attribute: "none",
  element: "none",
};

/** A fresh context in a state. */
export function contextIn(state: State, part: Partial<HtmlContext> = {}): HtmlContext {
  return { ...startOfPage, state, ...part };
}

const comments: ReadonlySet<State> = new Set([
  "htmlComment",
  "jsBlockComment",
  "jsLineComment",
  "jsHtmlOpenComment",
  "jsHtmlCloseComment",
  "cssBlockComment",
  "cssLineComment",
]);

/** Whether the content is dropped. */
export function isComment(state: State): boolean {
  return comments.has(state);
}

/** Whether it is inside a string, template or regular expression of a script. */
export function isScriptLiteral(state: State): boolean {
  return (
    state === "jsDoubleQuoted" || state === "jsSingleQuoted" || state === "jsTemplate" || state === "jsRegexp"
  );
}

/** A page whose markup cannot be understood. The message says where. */
export class HtmlMarkupError extends Error {
  override readonly name = "HtmlMarkupError";
}

/** How a step goes on: the context behind the characters consumed. */
export interface Step {
  readonly context: HtmlContext;
  readonly consumed: number;
}
