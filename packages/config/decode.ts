/**
 * Decoders: a table of fields becomes a typed value. A section of the configuration is declared once, as a
 * tree of decoders, next to the code that uses it; the same tree prints the section back (`print`), secrets
 * hidden.
 *
 *   const fileSection = object("file.plain", { files: list(text), refresh_interval: withDefault(duration,
 *   300_000) }); const section: Decoded<typeof fileSection> = decodeDocument(parseYaml(…), fileSection);
 *
 * Names of fields are those of the file. An absent field has its decoder's `initial` value, a null one its
 * `zero`.
 */

import { formatDuration, formatSize, parseDuration, parseSize } from "@narthex/model/duration";
import { AssertionError } from "@narthex/platform/assert";
import { Decoding } from "./decoding.ts";
import { resolveScalar, type Resolved } from "./scalar.ts";
import { Secret } from "./secret.ts";
import type { ConfigNode, YamlDocument } from "./yaml-document.ts";

/** What a section prints as: the data of a YAML file. */
export type Printed = string | number | boolean | readonly Printed[] | { readonly [key: string]: Printed };

/** Turns nodes into values of one type, and values into what a file would say. */
export interface Decoder<T> {
  /** The type's name in the original's error texts. */
  readonly goType: string;
  /** The value of a field that is not there. */
  readonly initial: T;
  /** The value of a field that is null. */
  readonly zero: T;
  /** The value of a node that is not null. A type error is collected, and `zero` returned. */
  decode(node: ConfigNode, decoding: Decoding): T;
  /** The value as a file would say it; undefined when the field would be left out. */
  print(value: T): Printed | undefined;
}

/** The type a decoder gives. */
export type Decoded<D> = D extends Decoder<infer T> ? T : never;

/** Whether a node is null: nothing, `~` or `null`. */
export function isNull(node: ConfigNode): boolean {
  return node.kind === "scalar" && resolveScalar(node).tag === "!!null";
}

/** The value of a whole document. An empty one gives the decoder's `initial`. Throws `ConfigError`. */
export function decodeDocument<T>(
  document: YamlDocument,
  decoder: Decoder<T>,
  decoding = new Decoding(document),
): T {
  const { root } = document;
  if (root === null || isNull(root)) return decoder.initial;
  const value = decoder.decode(root, decoding);
  decoding.finish();
  return value;
}

/** Collects the type error "this node is no `goType`". */
export function mismatch(node: ConfigNode, goType: string, decoding: Decoding): void {
  const { offset } = node;
  if (node.kind !== "scalar") {
    decoding.collect(offset, `cannot unmarshal ${node.kind === "list" ? "!!seq" : "!!map"} into ${goType}`);
    return;
  }
  const shown = node.text.length > 10 ? `${node.text.slice(0, 7)}...` : node.text;
  decoding.collect(offset, `cannot unmarshal ${resolveScalar(node).tag} \`${shown}\` into ${goType}`);
}

/** A decoder of scalars: `take` gives undefined for what it does not accept. */
function scalar<T>(
  goType: string,
  zero: T,
  take: (resolved: Resolved, text: string) => T | undefined,
): Decoder<T> {
  return {
    goType,
    initial: zero,
    zero,
    decode: (node, decoding) => {
      if (node.kind === "scalar") {
        const resolved = resolveScalar(node);
        if (resolved.tag === "!!binary" && resolved.value === null) {
          decoding.fail(node, "yaml: !!binary value contains invalid base64 data");
        }
        const value = take(resolved, node.text);
        if (value !== undefined) return value;
      }
      mismatch(node, goType, decoding);
      return zero;
    },
    print: (value) => (value === zero ? undefined : (value as Printed)),
  };
}

/** Any scalar, as written. */
export const text: Decoder<string> = scalar("string", "", (resolved, source) =>
  resolved.tag === "!!binary" ? (resolved.value as string) : source,
);

/** true, yes, on, y and their opposites. */
export const boolean: Decoder<boolean> = scalar("bool", false, (resolved) =>
  resolved.tag === "!!bool" ? resolved.value : undefined,
);

/** An integer of Go's `goType` within `min`…`max`; a float loses its fraction, as there. */
function integer(goType: string, min: number, max: number): Decoder<number> {
  return scalar(goType, 0, (resolved) => {
    if (resolved.tag !== "!!int" && resolved.tag !== "!!float") return undefined;
    const value = Math.trunc(Number(resolved.value));
    return value >= min && value <= max ? value : undefined;
  });
}

/** A signed integer. Above 2^53 it loses precision. */
export const int: Decoder<number> = integer("int", -(2 ** 63), 2 ** 63);
/** An unsigned integer. */
export const uint: Decoder<number> = integer("uint", 0, 2 ** 64);
/** An unsigned integer, named as the original's `uint64`. */
export const uint64: Decoder<number> = integer("uint64", 0, 2 ** 64);

/** A number. */
export const float: Decoder<number> = scalar("float64", 0, (resolved) =>
  resolved.tag === "!!float" || resolved.tag === "!!int" ? Number(resolved.value) : undefined,
);

/** A text that is shown as `<secret>`. */
export const secret: Decoder<Secret> = {
  ...convert(text, Secret.empty, (value) => new Secret(value)),
  print: (value) => (value.isEmpty ? undefined : value.toString()),
};

/** A duration (`1h30m`), in milliseconds. */
export const duration: Decoder<number> = {
  ...convert(text, 0, parseDuration),
  print: (valueMs) => (valueMs === 0 ? undefined : formatDuration(valueMs)),
};

/** A size (`15MB`, 1024-based), in bytes. */
export const size: Decoder<number> = {
  ...convert(text, 0, parseSize),
  print: (bytes) => (bytes === 0 ? undefined : formatSize(bytes)),
};

/** `inner` with another value for an absent field. */
export function withDefault<T>(inner: Decoder<T>, initial: T): Decoder<T> {
  return { ...inner, initial };
}

/** `inner` that prints even when its value is the zero value. */
export function shown<T>(inner: Decoder<T>): Decoder<T> {
  return { ...inner, print: (value) => inner.print(value) ?? (inner.zero as Printed) };
}

/** `inner`, or null when the field is absent or null. */
export function optional<T>(inner: Decoder<T>): Decoder<T | null> {
  return {
    goType: `*${inner.goType}`,
    initial: null,
    zero: null,
    decode: (node, decoding) => inner.decode(node, decoding),
    print: (value) => (value === null ? undefined : (inner.print(value) ?? (inner.zero as Printed))),
  };
}

/**
 * What `change` makes of `inner`'s value. An error that it throws is a refusal of the node with that message;
 * a bug (`AssertionError`, `TypeError`) passes through. Prints like `inner` where the type stays the same.
 */
export function convert<T, U>(inner: Decoder<T>, zero: U, change: (value: T) => U): Decoder<U> {
  return {
    goType: inner.goType,
    initial: zero,
    zero,
    decode: (node, decoding) => {
      const faults = decoding.faultCount;
      const value = inner.decode(node, decoding);
      if (decoding.faultCount > faults) return zero;
      return refusing(node, decoding, () => change(value));
    },
    print: (value) => inner.print(value as unknown as T),
  };
}

/** Runs `check`; an error it throws becomes a refusal of `node`. */
export function refusing<T>(node: ConfigNode, decoding: Decoding, check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (!(error instanceof Error) || error instanceof AssertionError || error instanceof TypeError)
      throw error;
    if (error.name === "ConfigError") throw error;
    return decoding.fail(node, error.message);
  }
}
