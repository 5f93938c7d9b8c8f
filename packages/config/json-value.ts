/**
 * Values of any shape: what a section hands on without knowing it, such as the claims of a token.
 */

import type { Decoder, Printed } from "./decode.ts";
import { resolveScalar } from "./scalar.ts";
import type { ConfigNode } from "./yaml-document.ts";

/** A value as JSON has it. */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

/** Any value, by its kind. */
export const jsonValue: Decoder<JsonValue> = {
  goType: "interface {}",
  initial: null,
  zero: null,
  decode: (node) => valueOf(node),
  print: (value) => printed(value),
};

function valueOf(node: ConfigNode): JsonValue {
  switch (node.kind) {
    case "list":
      return node.items.map(valueOf);
    case "map":
      return Object.fromEntries(node.entries.map(({ key, value }) => [key, valueOf(value)]));
    case "scalar": {
      const resolved = resolveScalar(node);
      if (resolved.tag === "!!null") return null;
      return resolved.tag === "!!int" ? Number(resolved.value) : resolved.value;
    }
  }
}

function printed(value: JsonValue): Printed {
  if (value === null) return "";
  if (typeof value !== "object") return value;
  if (Array.isArray(value)) return (value as readonly JsonValue[]).map(printed);
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, printed(part)]));
}
