/**
 * HTML without its tags: what a vouched-for piece of HTML leaves in an attribute.
 */

import { contextIn, startOfPage, type HtmlContext } from "./context.ts";
import { delimiterEnds, steps } from "./step-table.ts";

/** The text of `html`; the input itself when it holds no tag. */
export function stripTags(html: string): string {
  let out = "";
  let context: HtmlContext = startOfPage;
  let allText = true;
  let at = 0;
  while (at < html.length) {
    if (context.delimiter !== "none") {
      const end = html.slice(at).search(delimiterEnds[context.delimiter]);
      if (end < 0) break;
      at += end + (context.delimiter === "spaceOrTagEnd" ? 0 : 1);
      context = contextIn("tag", { element: context.element });
      continue;
    }
    // Scripts and styles count as text whose end is looked for.
    const inTag = ["tag", "attrName", "afterName", "beforeValue", "attr"].includes(context.state);
    const state = context.element !== "none" && !inTag ? "rcdata" : context.state;
    const { context: next, consumed } = steps[state](context, html.slice(at));
    if (context.state === "text" || context.state === "rcdata") {
      const piece = html.slice(at, at + consumed);
      const cut = next.state === context.state ? piece.length : piece.lastIndexOf("<");
      out += piece.slice(0, cut < 0 ? piece.length : cut);
    } else {
      allText = false;
    }
    context = next;
    at += consumed;
  }
  return allText ? html : out;
}
