/**
 * What a YAML scalar means to a typed field, by the rules of Go's yaml.v2 (YAML 1.1 with its own table):
 * `yes` and `on` are booleans for a boolean field and texts for a text field, `017` is octal, `~` and nothing
 * are null.
 */

import { quoteGo } from "@narthex/model/labels";
import { decodeBinary } from "./binary.ts";
import type { ScalarNode } from "./yaml-document.ts";

/** A resolved scalar; `tag` is the short YAML tag as Go's error texts show it. */
export type Resolved =
  | { readonly tag: "!!null" }
  | { readonly tag: "!!bool"; readonly value: boolean }
  | { readonly tag: "!!int"; readonly value: bigint }
  | { readonly tag: "!!float"; readonly value: number }
  | { readonly tag: "!!str"; readonly value: string }
  | { readonly tag: "!!binary"; readonly value: string | null };

const nulls = new Set(["", "~", "null", "Null", "NULL"]);
const booleans = new Map<string, boolean>([
  ...["y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"].map(
    (text) => [text, true] as const,
  ),
  ...["n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"].map(
    (text) => [text, false] as const,
  ),
]);
const specialFloats = new Map<string, number>([
  [".nan", NaN],
  [".NaN", NaN],
  [".NAN", NaN],
  ...[".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"].map((text) => [text, Infinity] as const),
  ...["-.inf", "-.Inf", "-.INF"].map((text) => [text, -Infinity] as const),
]);
const floatShape = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/u;
const integerShapes = /^([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))$/u;

/** The meaning of a scalar. An invalid `!!binary` has the value null. */
export function resolveScalar(node: ScalarNode): Resolved {
  const { text, plain, tag } = node;
  if (tag === "!!binary") return { tag: "!!binary", value: decodeBinary(text) };
  if (tag === "!!str" || (!plain && tag === "")) return { tag: "!!str", value: text };
  if (nulls.has(text)) return { tag: "!!null" };
  const flag = booleans.get(text);
  if (flag !== undefined) return { tag: "!!bool", value: flag };
  const special = specialFloats.get(text);
  if (special !== undefined) return { tag: "!!float", value: special };
  return resolveNumber(text.replaceAll("_", "")) ?? { tag: "!!str", value: text };
}

function resolveNumber(text: string): Resolved | null {
  const shape = integerShapes.exec(text);
  if (shape !== null) {
    const [, sign, hex, binary, octal, decimal] = shape;
    const digits =
      hex !== undefined
        ? `0x${hex}`
        : binary !== undefined
          ? `0b${binary}`
          : octal !== undefined
            ? `0o${octal}`
            : decimal;
    const magnitude = BigInt(digits as string);
    const value = sign === "-" ? -magnitude : magnitude;
    if (value >= -(2n ** 63n) && value < 2n ** 64n) return { tag: "!!int", value };
  }
  return floatShape.test(text) ? { tag: "!!float", value: Number(text) } : null;
}

/** A text in Go's quotes, with the bytes that `!!binary` brought in shown as Go shows them (`\xff`). */
export function quoteText(text: string): string {
  return quoteGo(text).replace(
    /\\u(?:dc|DC)([0-9a-fA-F]{2})|([\udc00-\udcff])(?<![\ud800-\udbff].)/gu,
    (_all, escaped, lone) => {
      const byte = escaped ?? ((lone as string).charCodeAt(0) - 0xdc00).toString(16).padStart(2, "0");
      return `\\x${byte as string}`;
    },
  );
}
