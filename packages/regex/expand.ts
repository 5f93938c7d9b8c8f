/**
 * Go's replacement templates (Regexp.Expand): `$1`, `$name`, `${name}`, `$$` for a dollar sign.
 *
 * A name is the longest run of letters, digits and `_`: `$1x` names the group `1x`, which mostly does not
 * exist and gives nothing. A `$` without a name stands for itself.
 */

import type { RegexMatch } from "./capturing.ts";

const reference = /\$(?:\$|\{([\p{L}\p{Nd}_]+)\}|([\p{L}\p{Nd}_]+))/gu;

/** `template` with its references replaced by what the groups of `match` hold. */
export function expand(template: string, match: RegexMatch): string {
  if (!template.includes("$")) return template;
  return template.replace(reference, (all, braced?: string, bare?: string) =>
    all === "$$" ? "$" : groupText(braced ?? (bare as string), match),
  );
}

/** Whether the template refers to groups, or at least has a `$`. */
export function hasReference(template: string): boolean {
  return template.includes("$");
}

function groupText(name: string, { groups, names }: RegexMatch): string {
  const isNumber = /^(?:0|[1-9][0-9]{0,8})$/u.test(name);
  const index = isNumber ? Number(name) : names.get(name);
  return index === undefined ? "" : (groups[index] ?? "");
}
