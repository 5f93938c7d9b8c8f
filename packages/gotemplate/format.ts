/**
 * Go's fmt: `%v` of any value, and the verbs, flags, widths and precisions of Printf, with its words for
 * arguments that are wrong, missing or too many.
 */

import { quoteGo, unicodePoint } from "@narthex/bytes/go-quote";
import { formatGoFloat, type GoFloatFormat } from "@narthex/bytes/go-float-format";
import { byteLength, GoFunction, GoList, GoMap, GoSafe, GoStruct, typeName, type Value } from "./value.ts";

/** `fmt.Sprint`: spaces between operands when neither is a string. */
export function sprint(values: readonly Value[]): string {
  let text = "";
  values.forEach((value, i) => {
    const before = values[i - 1];
    if (i > 0 && typeof value !== "string" && typeof before !== "string") text += " ";
    text += formatValue(value);
  });
  return text;
}

/** `fmt.Sprintln`: spaces between all, and a line feed. */
export function sprintln(values: readonly Value[]): string {
  return `${values.map(formatValue).join(" ")}\n`;
}

/** `%v` of a value. */
export function formatValue(value: Value): string {
  if (value === null) return "<nil>";
  if (typeof value === "number") return formatGoFloat(value, "g", -1);
  if (typeof value !== "object") return String(value);
  if (value instanceof GoList) return `[${value.items.map((item) => formatValue(item)).join(" ")}]`;
  if (value instanceof GoMap) {
    const pairs = value.sortedKeys().map((key) => `${key}:${formatValue(value.entries.get(key) ?? null)}`);
    return `map[${pairs.join(" ")}]`;
  }
  if (value instanceof GoFunction) return "0x0";
  if (value instanceof GoSafe) return value.text;
  if (value.text !== null) return value.text();
  return `{${[...value.fields.values()].map(formatValue).join(" ")}}`;
}

interface Directive {
  /** `%+v`: structs show the names of their fields. */
  readonly names: boolean;
  readonly minus: boolean;
  readonly plus: boolean;
  readonly sharp: boolean;
  readonly space: boolean;
  readonly zero: boolean;
  readonly width: number | null;
  readonly precision: number | null;
  readonly verb: string;
}

/** Widths and precisions beyond this are refused, as in Go. */
const maxWidth = 1_000_000;

/** `fmt.Sprintf`. */
export function sprintf(format: string, values: readonly Value[]): string {
  return new Printer(format, values).print();
}

class Printer {
  readonly #format: string;
  readonly #values: readonly Value[];
  #at = 0;
  #argument = 0;
  #reordered = false;
  #goodIndex = true;
  #out = "";

  constructor(format: string, values: readonly Value[]) {
    this.#format = format;
    this.#values = values;
  }

  print(): string {
    const format = this.#format;
    while (this.#at < format.length) {
      const percent = format.indexOf("%", this.#at);
      const end = percent < 0 ? format.length : percent;
      this.#out += format.slice(this.#at, end);
      this.#at = end + 1;
      if (percent < 0) break;
      this.#directive();
    }
    if (!this.#reordered && this.#argument < this.#values.length) {
      const rest = this.#values.slice(this.#argument);
      const texts = rest.map((value) =>
        value === null ? "<nil>" : `${typeName(value)}=${formatValue(value)}`,
      );
      this.#out += `%!(EXTRA ${texts.join(", ")})`;
    }
    return this.#out;
  }

  #directive(): void {
    this.#goodIndex = true;
    const flags = /^[-+# 0]*/u.exec(this.#format.slice(this.#at))?.[0] ?? "";
    this.#at += flags.length;
    this.#index();
    let width = this.#star("(BADWIDTH)") ?? this.#digits();
    let minus = flags.includes("-");
    if (width !== null && width < 0) {
      width = -width;
      minus = true;
    }
    const precision = this.#precision();
    this.#index();
    const code = this.#format.codePointAt(this.#at);
    if (code === undefined) {
      this.#out += "%!(NOVERB)";
      return;
    }
    const verb = String.fromCodePoint(code);
    this.#at += verb.length;
    const zero = flags.includes("0") && !minus;
    const plus = flags.includes("+");
    this.#apply({
      names: plus && verb === "v",
      minus,
      plus: plus && verb !== "v",
      sharp: flags.includes("#"),
      space: flags.includes(" "),
      zero,
      width,
      precision,
      verb,
    });
  }

  #precision(): number | null {
    if (this.#format[this.#at] !== ".") return null;
    this.#at++;
    this.#index();
    const starred = this.#star("(BADPREC)");
    if (starred !== null) return starred < 0 ? null : starred;
    return this.#digits() ?? 0;
  }

  /** `[n]`: the next argument is the n-th. */
  #index(): void {
    const found = /^\[([^\]]*)\]/u.exec(this.#format.slice(this.#at));
    if (found === null) {
      if (this.#format[this.#at] !== "[") return;
      this.#at++; // a bracket that is never closed
      this.#goodIndex = false;
      return;
    }
    this.#at += found[0].length;
    this.#reordered = true;
    const index = /^[0-9]+$/u.test(found[1] ?? "") ? Number(found[1]) : 0;
    if (index >= 1 && index <= this.#values.length) this.#argument = index - 1;
    else this.#goodIndex = false;
  }

  #star(complaint: string): number | null {
    if (this.#format[this.#at] !== "*") return null;
    this.#at++;
    const value = this.#values[this.#argument++];
    this.#index();
    if (typeof value === "bigint" && value <= maxWidth && value >= -maxWidth) return Number(value);
    this.#out += `%!${complaint}`;
    return null;
  }

  #digits(): number | null {
    const digits = /^[0-9]+/u.exec(this.#format.slice(this.#at))?.[0];
    if (digits === undefined) return null;
    this.#at += digits.length;
    const value = Number(digits);
    return value > maxWidth ? null : value;
  }

  #apply(directive: Directive): void {
    const { verb } = directive;
    if (verb === "%") {
      this.#out += "%";
    } else if (!this.#goodIndex) {
      this.#out += `%!${verb}(BADINDEX)`;
    } else if (this.#argument >= this.#values.length) {
      this.#out += `%!${verb}(MISSING)`;
    } else {
      this.#out += formatVerb(this.#values[this.#argument++] ?? null, directive);
    }
  }
}

/** One value by one directive. */
function formatVerb(value: Value, directive: Directive): string {
  const { verb } = directive;
  if (verb === "T") return pad(typeName(value), directive);
  if (value === null) return verb === "v" ? pad("<nil>", directive) : `%!${verb}(<nil>)`;
  if (value instanceof GoStruct && value.text !== null && "vsxXq".includes(verb) && !directive.sharp) {
    return formatString(value.text(), { ...directive, verb: verb === "v" ? "s" : verb });
  }
  switch (typeof value) {
    case "boolean":
      return verb === "t" || verb === "v" ? pad(String(value), directive) : badVerb(value, directive);
    case "bigint":
      return formatInteger(value, directive);
    case "number":
      return formatFloat(value, directive);
    case "string":
      return formatString(value, directive);
    default:
      return value instanceof GoSafe ? formatString(value.text, directive) : formatCompound(value, directive);
  }
}

/** Width and precision hold for the complaint's value too. */
function badVerb(value: Value, directive: Directive): string {
  return `%!${directive.verb}(${typeName(value)}=${formatVerb(value, { ...directive, verb: "v" })})`;
}

/** Lists, maps and structs apply the verb to each of their parts. */
function formatCompound(value: Exclude<Value & object, GoSafe>, directive: Directive): string {
  const part = (inner: Value | undefined): string => formatVerb(inner ?? null, directive);
  if (value instanceof GoList) return `[${value.items.map(part).join(" ")}]`;
  if (value instanceof GoMap) {
    const pairs = value.sortedKeys().map((key) => `${part(key)}:${part(value.entries.get(key))}`);
    return `map[${pairs.join(" ")}]`;
  }
  if (value instanceof GoFunction) return pad("0x0", directive);
  const label = (name: string): string => (directive.names ? `${name}:` : "");
  const fields = [...value.fields].map(([name, field]) => label(name) + part(field));
  return `{${fields.join(" ")}}`;
}

const bases: Readonly<Record<string, number>> = { b: 2, o: 8, O: 8, d: 10, v: 10, x: 16, X: 16 };

function formatInteger(value: bigint, directive: Directive): string {
  const { verb, precision } = directive;
  if (verb === "c" || verb === "q" || verb === "U") return formatCharacter(value, directive);
  const base = bases[verb];
  if (base === undefined) return badVerb(value, directive);
  const magnitude = (value < 0n ? -value : value).toString(base);
  if (precision === 0 && value === 0n) return pad("", { ...directive, zero: false });
  let digits = magnitude.padStart(precision ?? 0, "0");
  const sign = value < 0n ? "-" : directive.plus ? "+" : directive.space ? " " : "";
  const prefix = integerPrefix(directive, digits);
  if (directive.zero && precision === null && directive.width !== null) {
    digits = digits.padStart(directive.width - sign.length, "0");
  }
  if (verb === "X") digits = digits.toUpperCase();
  return pad(sign + prefix + digits, { ...directive, zero: false });
}

function integerPrefix({ verb, sharp }: Directive, digits: string): string {
  if (verb === "O") return "0o";
  if (!sharp) return "";
  if (verb === "o") return digits.startsWith("0") ? "" : "0";
  return verb === "b" ? "0b" : verb === "x" ? "0x" : verb === "X" ? "0X" : "";
}

function formatCharacter(value: bigint, directive: Directive): string {
  const valid = value >= 0n && value <= 0x10ffffn && !(value >= 0xd800n && value <= 0xdfffn);
  const char = valid ? String.fromCodePoint(Number(value)) : "\ufffd";
  if (directive.verb === "c") return pad(char, directive);
  if (directive.verb === "q") return pad(quoteGo(char, "'", directive.plus), directive);
  const point = directive.sharp
    ? unicodePoint(char)
    : `U+${value.toString(16).toUpperCase().padStart(4, "0")}`;
  return pad(point, { ...directive, zero: false });
}

function formatFloat(value: number, directive: Directive): string {
  const { verb, precision, plus, space } = directive;
  if (!"eEfFgGvxXb".includes(verb)) return badVerb(value, directive);
  const format = (verb === "v" ? "g" : verb === "F" ? "f" : verb) as GoFloatFormat;
  const standard = "eEfF".includes(verb) ? 6 : -1;
  let text = formatGoFloat(value, format, precision ?? standard);
  let sign = "";
  if (text.startsWith("-") || text.startsWith("+")) {
    sign = text[0] ?? "";
    text = text.slice(1);
  }
  if (sign !== "-") sign = plus ? "+" : space ? " " : "";
  const isNumber = Number.isFinite(value);
  if (value === Infinity && plus) sign = "+";
  if (!isNumber && value === Infinity && !plus && !space) sign = "+";
  if (directive.zero && isNumber && directive.width !== null) {
    text = text.padStart(directive.width - sign.length, "0");
  }
  return pad(sign + text, { ...directive, zero: false });
}

function formatString(value: string, directive: Directive): string {
  const { verb, precision, sharp, space } = directive;
  const cut = precision === null ? value : [...value].slice(0, precision).join("");
  switch (verb) {
    case "v":
      return pad(sharp ? quoteGo(value) : cut, directive);
    case "s":
      return pad(cut, directive);
    case "q":
      if (sharp && !/[`\u0000-\u0008\u000a-\u001f\u007f\ufeff]/u.test(cut))
        return pad(`\`${cut}\``, directive);
      return pad(quoteGo(cut, '"', directive.plus), directive);
    case "x":
    case "X":
      return pad(hexBytes(value, precision, verb, sharp, space), directive);
    default:
      return badVerb(value, directive);
  }
}

function hexBytes(
  value: string,
  precision: number | null,
  verb: string,
  sharp: boolean,
  space: boolean,
): string {
  const bytes = new TextEncoder().encode(value);
  const prefix = sharp ? `0${verb}` : "";
  const hex = [...bytes.subarray(0, precision ?? byteLength(value))].map((byte) => {
    const digits = byte.toString(16).padStart(2, "0");
    return verb === "X" ? digits.toUpperCase() : digits;
  });
  if (hex.length === 0) return "";
  return space ? hex.map((digits) => prefix + digits).join(" ") : prefix + hex.join("");
}

/** To the width, counted in characters. */
function pad(text: string, { width, minus, zero }: Directive): string {
  const missing = (width ?? 0) - [...text].length;
  if (missing <= 0) return text;
  if (minus) return text + " ".repeat(missing);
  return (zero ? "0" : " ").repeat(missing) + text;
}
