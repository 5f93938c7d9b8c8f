/**
 * The functions that every template has: comparison, indexing, printing, escaping. Types and error texts are
 * those of Go's text/template.
 *
 * `and` and `or` are not here: they do not evaluate what they do not need, so `execute` knows them.
 */

import { compareUtf8 } from "@narthex/bytes/utf8-order";
import { escapeHtml } from "./html/escape-html.ts";
import { escapeJs, escapeQuery } from "./escape.ts";
import { sprint, sprintf, sprintln } from "./format.ts";
import { argumentsText } from "./print.ts";
import {
  anyType,
  GoFunction,
  GoList,
  GoMap,
  GoSafe,
  GoStruct,
  isTrue,
  reflectedType,
  stringType,
  TemplateFunctionError,
  typeName,
  type Value,
} from "./value.ts";

/** Functions by name. */
export type Functions = ReadonlyMap<string, GoFunction>;

const one = [reflectedType];
const two = [reflectedType, reflectedType];

/** All of them. */
export const builtins: Functions = new Map([
  ["and", new GoFunction(one, () => null, reflectedType)],
  ["or", new GoFunction(one, () => null, reflectedType)],
  ["not", new GoFunction(one, (value) => !isTrue(value ?? null))],
  ["len", new GoFunction(one, (value) => lengthOf(value ?? null))],
  ["index", new GoFunction(one, (item, ...indexes) => indexed(item ?? null, indexes), reflectedType)],
  ["slice", new GoFunction(one, (item, ...indexes) => sliced(item ?? null, indexes), reflectedType)],
  ["call", new GoFunction(one, (callee, ...args) => called(callee ?? null, args), reflectedType)],
  ["print", new GoFunction([], (...values) => sprint(values), anyType)],
  ["printf", new GoFunction([stringType], (format, ...values) => sprintf(format as string, values), anyType)],
  ["println", new GoFunction([], (...values) => sprintln(values), anyType)],
  ["html", new GoFunction([], (...values) => escapeHtml(argumentsText(values)), anyType)],
  ["js", new GoFunction([], (...values) => escapeJs(argumentsText(values)), anyType)],
  ["urlquery", new GoFunction([], (...values) => escapeQuery(argumentsText(values)), anyType)],
  ["eq", new GoFunction(one, (a, ...others) => equalsAny(a ?? null, others), reflectedType)],
  ["ne", new GoFunction(two, (a, b) => !equalsAny(a ?? null, [b ?? null]))],
  ["lt", new GoFunction(two, (a, b) => isLess(a ?? null, b ?? null))],
  ["le", new GoFunction(two, (a, b) => isLess(a ?? null, b ?? null) || equalsAny(a ?? null, [b ?? null]))],
  ["gt", new GoFunction(two, (a, b) => !isLess(a ?? null, b ?? null) && !equalsAny(a ?? null, [b ?? null]))],
  ["ge", new GoFunction(two, (a, b) => !isLess(a ?? null, b ?? null))],
]);

function fail(message: string): never {
  throw new TemplateFunctionError(message);
}

function lengthOf(value: Value): bigint {
  if (value === null) return fail("len of nil pointer");
  if (typeof value === "string") return BigInt(bytesOf(value).length);
  if (value instanceof GoList) return BigInt(value.items.length);
  if (value instanceof GoMap) return BigInt(value.entries.size);
  return fail(`len of type ${typeName(value)}`);
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function indexed(item: Value, indexes: readonly Value[]): Value {
  if (item === null) return fail("index of untyped nil");
  let found: Value = item;
  for (const index of indexes) {
    if (found === null) return fail("index of nil pointer");
    if (found instanceof GoMap) found = found.entries.get(keyArgument(index)) ?? found.zero;
    else if (found instanceof GoList) found = found.items[place(index, found.items.length, false)] ?? null;
    else if (typeof found === "string") {
      const bytes = bytesOf(found);
      found = BigInt(bytes[place(index, bytes.length, false)] ?? 0);
    } else fail(`can't index item of type ${typeName(found)}`);
  }
  return found;
}

function keyArgument(index: Value): string {
  if (typeof index === "string") return index;
  if (index === null) return fail("value is nil; should be of type string");
  return fail(`value has type ${typeName(index)}; should be string`);
}

/** An index below `length`, or up to it for a slice's bound. */
function place(index: Value, length: number, isBound: boolean): number {
  if (index === null) return fail("cannot index slice/array with nil");
  if (typeof index !== "bigint") return fail(`cannot index slice/array with type ${typeName(index)}`);
  if (index < 0n || index > BigInt(length)) return fail(`index out of range: ${index}`);
  const at = Number(index);
  if (at === length && !isBound) return fail("reflect: slice index out of range");
  return at;
}

function sliced(item: Value, indexes: readonly Value[]): Value {
  if (item === null) return fail("slice of untyped nil");
  if (indexes.length > 3) return fail(`too many slice indexes: ${indexes.length}`);
  const isText = typeof item === "string";
  if (isText && indexes.length === 3) return fail("cannot 3-index slice a string");
  if (!isText && !(item instanceof GoList)) return fail(`can't slice item of type ${typeName(item)}`);
  const length = isText ? bytesOf(item).length : item.items.length;
  const bounds = indexes.map((index) => place(index, length, true));
  const [from = 0, to = length, limit = length] = bounds;
  if (from > to) return fail(`invalid slice index: ${from} > ${to}`);
  if (to > limit) return fail(`invalid slice index: ${to} > ${limit}`);
  if (isText) return new TextDecoder().decode(bytesOf(item).subarray(from, to));
  return new GoList(item.items.slice(from, to), item.typeName, item.methods);
}

function called(callee: Value, args: readonly Value[]): Value {
  if (callee === null) return fail("call of nil");
  if (!(callee instanceof GoFunction)) return fail(`non-function of type ${typeName(callee)}`);
  const { parameters, rest } = callee;
  const fits = rest === null ? args.length === parameters.length : args.length >= parameters.length;
  if (!fits) {
    const least = rest === null ? "" : "at least ";
    return fail(`wrong number of args: got ${args.length} want ${least}${parameters.length}`);
  }
  args.forEach((arg, i) => {
    const type = parameters[i] ?? rest ?? anyType;
    if (arg === null && !type.nilable) fail(`arg ${i}: value is nil; should be of type ${type.name}`);
    if (!type.accepts(arg)) fail(`arg ${i}: value has type ${typeName(arg)}; should be ${type.name}`);
  });
  return callee.call(...args);
}

type BasicKind = "bool" | "int" | "float" | "string" | "other";

function basicKind(value: Value): BasicKind {
  switch (typeof value) {
    case "boolean":
      return "bool";
    case "bigint":
      return "int";
    case "number":
      return "float";
    case "string":
      return "string";
    default:
      return "other";
  }
}

function equalsAny(a: Value, others: readonly Value[]): boolean {
  if (others.length === 0) return fail("missing argument for comparison");
  return others.some((b) => {
    if (basicKind(a) !== basicKind(b)) {
      if (a === null || b === null) return false;
      return fail(`incompatible types for comparison: ${typeName(a)} and ${typeName(b)}`);
    }
    if (typeof a === "object" && typeof b === "object") return equalObjects(a, b);
    return a === b;
  });
}

function equalObjects(a: Value, b: Value): boolean {
  if (a === null || b === null) return a === b;
  if (a instanceof GoSafe && b instanceof GoSafe) return a.text === b.text;
  if (!(b instanceof GoStruct) || !(a instanceof GoStruct)) {
    return fail(`non-comparable type ${sprint([b])}: ${typeName(b)}`);
  }
  if (a.typeName !== b.typeName) return false;
  return [...a.fields].every(([name, field]) => equalsAny(field, [b.fields.get(name) ?? null]));
}

function isLess(a: Value, b: Value): boolean {
  const [kind, other] = [basicKind(a), basicKind(b)];
  if (kind === "other" || other === "other") return fail("invalid type for comparison");
  if (kind !== other) return fail(`incompatible types for comparison: ${typeName(a)} and ${typeName(b)}`);
  if (typeof a === "string" && typeof b === "string") return compareUtf8(a, b) < 0;
  if (typeof a === "boolean" || a === null || b === null) return fail("invalid type for comparison");
  return a < b;
}
