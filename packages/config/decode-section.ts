/**
 * Decoders of structure: lists, maps with free keys, and objects with a fixed table of fields.
 */

import { isNull, mismatch, refusing, type Decoded, type Decoder, type Printed } from "./decode.ts";
import type { Decoding } from "./decoding.ts";
import { quoteText } from "./scalar.ts";
import type { ConfigNode, MapNode } from "./yaml-document.ts";

/** A table of fields, in the order in which they print. */
export type Fields = Readonly<Record<string, Decoder<unknown>>>;

/** The object that a table of fields gives. */
export type Section<F extends Fields> = { -readonly [K in keyof F]: Decoded<F[K]> };

/**
 * A list. A null item is `inner`'s zero value, or refused with `nullMessage` where one is given.
 */
export function list<T>(inner: Decoder<T>, nullMessage?: string): Decoder<readonly T[]> {
  const goType = `[]${inner.goType}`;
  return {
    goType,
    initial: [],
    zero: [],
    decode: (node, decoding) => {
      if (node.kind !== "list") {
        mismatch(node, goType, decoding);
        return [];
      }
      return node.items.map((item) => {
        if (!isNull(item)) return inner.decode(item, decoding);
        if (nullMessage !== undefined) decoding.fail(item, nullMessage);
        return inner.zero;
      });
    },
    print: (items) =>
      items.length === 0 ? undefined : items.map((item) => inner.print(item) ?? (inner.zero as Printed)),
  };
}

/** A map with free keys; `checkKey` may refuse one by throwing. */
export function mapOf<T>(
  inner: Decoder<T>,
  checkKey?: (key: string) => void,
): Decoder<ReadonlyMap<string, T>> {
  const goType = `map[string]${inner.goType}`;
  const zero: ReadonlyMap<string, T> = new Map();
  return {
    goType,
    initial: zero,
    zero,
    decode: (node, decoding) => {
      if (node.kind !== "map") {
        mismatch(node, goType, decoding);
        return zero;
      }
      const map = new Map<string, T>();
      for (const { key, offset, value } of node.entries) {
        if (map.has(key)) decoding.collect(offset, `key ${quoteText(key)} already set in map`);
        if (checkKey !== undefined) refusing({ ...value, offset }, decoding, () => checkKey(key));
        map.set(key, isNull(value) ? inner.zero : inner.decode(value, decoding));
      }
      return map;
    },
    print: (map) => {
      if (map.size === 0) return undefined;
      const keys = [...map.keys()].toSorted();
      return Object.fromEntries(
        keys.map((key) => [key, inner.print(map.get(key) as T) ?? (inner.zero as Printed)]),
      );
    },
  };
}

/** What an object's check may do besides throwing: look at the node, and refuse at one of its fields. */
export interface CheckContext {
  readonly node: MapNode;
  readonly decoding: Decoding;
}

/**
 * An object with a fixed table of fields; an unknown or repeated key is a type error in the words of the
 * original, where `goType` is the type's name. `check` runs when the fields are all of the right type; an
 * error that it throws is a refusal of the object.
 */
export function object<F extends Fields>(
  goType: string,
  fields: F,
  check?: (section: Section<F>, context: CheckContext) => void,
): Decoder<Section<F>> {
  const initial = (): Section<F> => {
    const entries = Object.entries(fields).map(([key, decoder]) => [key, decoder.initial]);
    return Object.fromEntries(entries) as Section<F>;
  };
  const zero = (): Section<F> => {
    const entries = Object.entries(fields).map(([key, decoder]) => [key, decoder.zero]);
    return Object.fromEntries(entries) as Section<F>;
  };
  return {
    goType,
    get initial() {
      return initial();
    },
    get zero() {
      return zero();
    },
    decode: (node, decoding) => {
      const section = initial();
      decoding.remember(section, node);
      if (node.kind !== "map") {
        mismatch(node, goType, decoding);
        return section;
      }
      const faults = decoding.faultCount;
      decodeFields(node, goType, fields, section, decoding);
      if (check !== undefined && decoding.faultCount === faults) {
        refusing(node, decoding, () => check(section, { node, decoding }));
      }
      return section;
    },
    print: (section) => printFields(fields, section),
  };
}

function decodeFields<F extends Fields>(
  node: MapNode,
  goType: string,
  fields: F,
  section: Section<F>,
  decoding: Decoding,
): void {
  const seen = new Set<string>();
  const target = section as Record<string, unknown>;
  for (const { key, offset, value } of node.entries) {
    const decoder = Object.hasOwn(fields, key) ? fields[key] : undefined;
    if (decoder === undefined) {
      decoding.collect(offset, `field ${key} not found in type ${goType}`);
      continue;
    }
    if (seen.has(key)) decoding.collect(offset, `field ${key} already set in type ${goType}`);
    seen.add(key);
    target[key] = isNull(value) ? decoder.zero : decoder.decode(value, decoding);
  }
}

function printFields<F extends Fields>(fields: F, section: Section<F>): Printed | undefined {
  const entries: [string, Printed][] = [];
  for (const [key, decoder] of Object.entries(fields)) {
    const printed = decoder.print(section[key]);
    if (printed !== undefined) entries.push([key, printed]);
  }
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

/** Anything: for a section that is accepted and not yet understood. Keeps the node. */
export const anything: Decoder<ConfigNode | null> = {
  goType: "interface {}",
  initial: null,
  zero: null,
  decode: (node) => node,
  print: (node) => (node === null ? undefined : plain(node)),
};

function plain(node: ConfigNode): Printed {
  switch (node.kind) {
    case "scalar":
      return node.text;
    case "list":
      return node.items.map(plain);
    case "map":
      return Object.fromEntries(node.entries.map(({ key, value }) => [key, plain(value)]));
  }
}
