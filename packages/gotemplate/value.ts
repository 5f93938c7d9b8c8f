/**
 * The values that templates compute with: Go's types, as far as data of ours needs them.
 *
 *   int → bigint · float64 → number · string, bool → themselves · nil and "no value" → null
 *   slices, maps, structs, functions → the classes below
 *
 * Invariant: a value knows its Go type's name, since errors and `%T` show it.
 */

import { compareUtf8 } from "@narthex/bytes/utf8-order";

/** Anything a template can hold. */
export type Value =
  | null
  | boolean
  | bigint
  | number
  | string
  | GoList
  | GoMap
  | GoStruct
  | GoSafe
  | GoFunction;

/** What a function or method accepts at one place. */
export interface ParameterType {
  /** The Go type's name, as errors show it. */
  readonly name: string;
  /** Whether a value can be passed as it is; `null` is asked only of types that can be nil. */
  accepts(value: Value): boolean;
  /** Whether nil may be passed. */
  readonly nilable: boolean;
  /** What a literal becomes: numbers take the type that is asked for. */
  readonly literal: "bool" | "string" | "int" | "float64" | "any" | "none";
}

/** The types most functions ask for. */
export const anyType: ParameterType = {
  name: "interface {}",
  accepts: () => true,
  nilable: true,
  literal: "any",
};
/** The original's builtins ask for reflected values: shown so, otherwise as `anyType`. */
export const reflectedType: ParameterType = { ...anyType, name: "reflect.Value" };
/** A string. */
export const stringType: ParameterType = {
  name: "string",
  accepts: (value) => typeof value === "string",
  nilable: false,
  literal: "string",
};
/** An int. */
export const intType: ParameterType = {
  name: "int",
  accepts: (value) => typeof value === "bigint",
  nilable: false,
  literal: "int",
};
/** A float64. */
export const floatType: ParameterType = {
  name: "float64",
  accepts: (value) => typeof value === "number",
  nilable: false,
  literal: "float64",
};
/** A bool. */
export const boolType: ParameterType = {
  name: "bool",
  accepts: (value) => typeof value === "boolean",
  nilable: false,
  literal: "bool",
};

/** A type of lists, maps or structs of one Go name. */
export function namedType(name: string, nilable = true): ParameterType {
  return { name, accepts: (value) => typeName(value) === name, nilable, literal: "none" };
}

/** A function's answer; errors are thrown as `TemplateFunctionError`. */
export type Call = (...args: Value[]) => Value;

/** What a function says when it fails; `message` without the place. */
export class TemplateFunctionError extends Error {
  override readonly name = "TemplateFunctionError";
}

/** A function or method. */
export class GoFunction {
  readonly parameters: readonly ParameterType[];
  /** The type of any number of further arguments, null for none. */
  readonly rest: ParameterType | null;
  readonly call: Call;

  constructor(parameters: readonly ParameterType[], call: Call, rest: ParameterType | null = null) {
    this.parameters = parameters;
    this.rest = rest;
    this.call = call;
  }

  get typeName(): string {
    const rest = this.rest === null ? [] : [`...${this.rest.name}`];
    return `func(${[...this.parameters.map(({ name }) => name), ...rest].join(", ")})`;
  }
}

/** Methods by name. */
export type Methods = ReadonlyMap<string, GoFunction>;

const noMethods: Methods = new Map();

/** A slice. */
export class GoList {
  readonly items: readonly Value[];
  readonly typeName: string;
  readonly methods: Methods;

  constructor(items: readonly Value[], typeName = "[]interface {}", methods: Methods = noMethods) {
    this.items = items;
    this.typeName = typeName;
    this.methods = methods;
  }
}

/** A map with string keys. */
export class GoMap {
  readonly entries: ReadonlyMap<string, Value>;
  /** What a missing key gives. */
  readonly zero: Value;
  readonly typeName: string;
  readonly methods: Methods;

  constructor(
    entries: ReadonlyMap<string, Value>,
    zero: Value = null,
    typeName = zero === "" ? "map[string]string" : "map[string]interface {}",
    methods: Methods = noMethods,
  ) {
    this.entries = entries;
    this.zero = zero;
    this.typeName = typeName;
    this.methods = methods;
  }

  /** Keys in the order in which Go ranges over and prints them. */
  sortedKeys(): string[] {
    return [...this.entries.keys()].toSorted(compareUtf8);
  }
}

/** What a text is vouched for to be, and the name of its Go type. */
const safeTypes = {
  html: "template.HTML",
  attr: "template.HTMLAttr",
  css: "template.CSS",
  js: "template.JS",
  jsString: "template.JSStr",
  url: "template.URL",
  srcset: "template.Srcset",
} as const;

/** A text that someone vouches for: written into HTML as it is. */
export class GoSafe {
  readonly text: string;
  readonly kind: keyof typeof safeTypes;

  constructor(text: string, kind: keyof typeof safeTypes) {
    this.text = text;
    this.kind = kind;
  }

  get typeName(): string {
    return safeTypes[this.kind];
  }
}

/** A struct. */
export class GoStruct {
  readonly typeName: string;
  readonly fields: ReadonlyMap<string, Value>;
  readonly methods: Methods;
  /** The type's String method, null without one. */
  readonly text: (() => string) | null;

  constructor(
    typeName: string,
    fields: Readonly<Record<string, Value>>,
    methods: Methods = noMethods,
    text: (() => string) | null = null,
  ) {
    this.typeName = typeName;
    this.fields = new Map(Object.entries(fields));
    this.methods = methods;
    this.text = text;
  }
}

/** The Go type's name. */
export function typeName(value: Value): string {
  switch (typeof value) {
    case "boolean":
      return "bool";
    case "bigint":
      return "int";
    case "number":
      return "float64";
    case "string":
      return "string";
    default:
      return value === null ? "<nil>" : value.typeName;
  }
}

/** Whether `if` takes it for true. */
export function isTrue(value: Value): boolean {
  if (value instanceof GoList) return value.items.length > 0;
  if (value instanceof GoMap) return value.entries.size > 0;
  if (value instanceof GoSafe) return value.text !== "";
  if (typeof value === "number") return value !== 0; // NaN is true
  return Boolean(value);
}

/** Bytes of a string's UTF-8. */
export function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}
