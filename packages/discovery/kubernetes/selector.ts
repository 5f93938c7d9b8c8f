/**
 * Whether a text is a selector that the API server would take; it does the selecting.
 */

const name = String.raw`[A-Za-z0-9](?:[A-Za-z0-9._/-]*[A-Za-z0-9])?`;
const value = String.raw`(?:[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)?`;
const requirement = new RegExp(
  String.raw`^\s*(?:!?\s*${name}|${name}\s*(?:=|==|!=)\s*${value}|${name}\s*[<>]\s*[0-9]+` +
    String.raw`|${name}\s+(?:in|notin)\s*\(\s*${value}\s*(?:,\s*${value}\s*)*\))\s*$`,
  "u",
);

/** Throws when `text` is no label selector. */
export function checkLabelSelector(text: string): void {
  if (text.trim() === "") return;
  for (const part of text.split(/,(?![^(]*\))/u)) {
    if (!requirement.test(part)) throw new Error(`unable to parse requirement: found '${part.trim()}'`);
  }
}

/** Throws when `text` is no field selector. */
export function checkFieldSelector(text: string): void {
  for (const part of text.split(/(?<!\\),/u)) {
    if (part !== "" && !/(?:=|!=)/u.test(part))
      throw new Error(`invalid selector: '${text}'; can't understand '${part}'`);
  }
}
