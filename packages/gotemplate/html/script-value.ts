/**
 * A value as an expression of JavaScript: JSON, with blanks around what could run into a word.
 */

import { GoFunction, GoList, GoMap, GoSafe, GoStruct, type Value } from "../value.ts";

/** The expression for a value. */
export function scriptValue(value: Value): string {
  if (value instanceof GoSafe && value.kind === "js") return value.text;
  if (value instanceof GoSafe && value.kind === "jsString") return `"${value.text}"`;
  if (value instanceof GoFunction) return ` /* json: unsupported type: ${value.typeName} */null `;
  if (typeof value === "number" && !Number.isFinite(value)) {
    const name = value !== value ? "NaN" : value > 0 ? "+Inf" : "-Inf";
    return ` /* json: unsupported value: ${name} */null `;
  }
  const json = jsonOf(value instanceof GoStruct && value.text !== null ? value.text() : value);
  const touches = /^[$0-9A-Z_a-z]|[$0-9A-Z_a-z]$/u.test(json);
  return touches ? ` ${json} ` : json;
}

function jsonOf(value: Value): string {
  if (value === null || value instanceof GoFunction) return "null";
  if (typeof value === "number") return jsonNumber(value);
  if (value instanceof GoSafe) return jsonText(value.text);
  if (typeof value === "string") return jsonText(value);
  if (typeof value !== "object") return String(value);
  if (value instanceof GoList) return `[${value.items.map(jsonOf).join(",")}]`;
  const pairs =
    value instanceof GoMap
      ? value.sortedKeys().map((key) => [key, value.entries.get(key) ?? null] as const)
      : [...value.fields];
  return `{${pairs.map(([key, part]) => `${jsonText(key)}:${jsonOf(part)}`).join(",")}}`;
}

/** As Go's JSON: exponents below 1e-6 and from 1e21, with at least two digits but no leading zero. */
function jsonNumber(value: number): string {
  return Number.isFinite(value) ? String(value) : "null";
}

function jsonText(text: string): string {
  return JSON.stringify(text).replace(
    /[<>&\u2028\u2029]/gu,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
