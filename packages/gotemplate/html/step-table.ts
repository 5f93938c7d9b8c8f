/**
 * Which step belongs to which state, and one step through a page's text.
 */

import { quoteGo } from "@narthex/bytes/go-quote";
import { isScriptType } from "./attribute-type.ts";
import {
  contextIn,
  HtmlMarkupError,
  type Delimiter,
  type HtmlContext,
  type State,
  type Step,
} from "./context.ts";
import { unescapeHtml } from "./entities.ts";
import {
  stepAfterName,
  stepAttr,
  stepAttrName,
  stepBeforeValue,
  stepHtmlComment,
  stepMetaContent,
  stepMetaContentUrl,
  stepSpecialElement,
  stepTag,
  stepText,
  stepUrl,
} from "./markup-steps.ts";
import {
  stepBlockComment,
  stepLineComment,
  stepScript,
  stepScriptLiteral,
  stepScriptTemplate,
} from "./script-steps.ts";
import { stepStyle, stepStyleText } from "./style-steps.ts";

type Stepper = (context: HtmlContext, text: string) => Step;

/** The step of each state. */
export const steps: Readonly<Record<State, Stepper>> = {
  text: stepText,
  tag: stepTag,
  attrName: stepAttrName,
  afterName: stepAfterName,
  beforeValue: stepBeforeValue,
  htmlComment: stepHtmlComment,
  rcdata: stepSpecialElement,
  attr: stepAttr,
  url: stepUrl,
  srcset: stepUrl,
  metaContent: stepMetaContent,
  metaContentUrl: stepMetaContentUrl,
  js: stepScript,
  jsDoubleQuoted: stepScriptLiteral,
  jsSingleQuoted: stepScriptLiteral,
  jsRegexp: stepScriptLiteral,
  jsTemplate: stepScriptTemplate,
  jsBlockComment: stepBlockComment,
  jsLineComment: stepLineComment,
  jsHtmlOpenComment: stepLineComment,
  jsHtmlCloseComment: stepLineComment,
  css: stepStyle,
  cssDoubleQuoted: stepStyleText,
  cssSingleQuoted: stepStyleText,
  cssDoubleQuotedUrl: stepStyleText,
  cssSingleQuotedUrl: stepStyleText,
  cssUrl: stepStyleText,
  cssBlockComment: stepBlockComment,
  cssLineComment: stepLineComment,
};

/** What ends an attribute's value. */
export const delimiterEnds: Readonly<Record<Delimiter, RegExp>> = {
  none: /$^/u,
  doubleQuote: /"/u,
  singleQuote: /'/u,
  spaceOrTagEnd: /[ \t\n\f\r>]/u,
};

/** One step through the text of a page. */
export function stepPage(context: HtmlContext, text: string): Step {
  const { delimiter, state, element } = context;
  if (delimiter === "none") {
    const special = stepSpecialElement(context, text);
    if (special.consumed === 0) return special;
    return steps[state](context, text.slice(0, special.consumed));
  }
  const found = text.search(delimiterEnds[delimiter]);
  const value = found < 0 ? text : text.slice(0, found);
  if (delimiter === "spaceOrTagEnd") checkUnquoted(value);
  if (found < 0) return { context: afterValuePart(context, value), consumed: text.length };
  const noScript =
    state === "attr" && element === "script" && context.attribute === "scriptType" && !isScriptType(value);
  const consumed = found + (delimiter === "spaceOrTagEnd" ? 0 : 1);
  return { context: contextIn("tag", { element: noScript ? "none" : element }), consumed };
}

function checkUnquoted(value: string): void {
  const wrong = /["'<=`]/u.exec(value);
  if (wrong !== null) throw new HtmlMarkupError(`${quoteGo(wrong[0])} in unquoted attr: ${quoteGo(value)}`);
}

/** Still inside the attribute: its value counts without its entities. */
function afterValuePart(context: HtmlContext, value: string): HtmlContext {
  let here = context;
  for (let rest = unescapeHtml(value); rest !== "";) {
    const step = steps[here.state](here, rest);
    here = step.context;
    rest = rest.slice(step.consumed);
  }
  return here;
}
