/**
 * A text taken apart by an anchored RE2 pattern and put together again by a template: label_replace.
 */

import { compileCapturing } from "./capturing.ts";
import { expand } from "./expand.ts";

/** The result for one text, null when the pattern does not match it. */
export type Replacement = (text: string) => string | null;

/**
 * Compiles a pattern (anchored, `.` matches a newline) and a template (see expand.ts). Throws `RegexError`.
 */
export function compileReplacement(pattern: string, template: string): Replacement {
  const regex = compileCapturing(pattern);
  return (text) => {
    const match = regex.match(text);
    return match === null ? null : expand(template, match);
  };
}
