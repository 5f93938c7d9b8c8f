import assert from "node:assert/strict";
import { test } from "node:test";
import {
  boolean,
  decodeDocument,
  duration,
  float,
  int,
  optional,
  secret,
  size,
  text,
  uint,
  withDefault,
  type Decoder,
} from "./decode.ts";
import { list, mapOf, object } from "./decode-section.ts";
import { redactUrl } from "./secret.ts";
import { parseYaml } from "./yaml-document.ts";

function decode<T>(decoder: Decoder<T>, yaml: string): T {
  return decodeDocument(parseYaml(yaml, "f.yml"), object("t.plain", { v: decoder })).v;
}

test("scalars decode by the type of the field", () => {
  const is = <T>(decoder: Decoder<T>, yaml: string, want: T) =>
    assert.deepEqual(decode(decoder, `v: ${yaml}`), want, yaml);
  is(text, "15", "15");
  is(text, "yes", "yes");
  is(text, "~", "");
  is(text, "'~'", "~");
  is(boolean, "on", true);
  is(boolean, "No", false);
  is(boolean, "", false);
  is(int, "-3", -3);
  is(int, "0x10", 16);
  is(uint, "1.9", 1);
  is(float, "3", 3);
  is(float, "1e-3", 0.001);
  is(duration, "1h30m", 5_400_000);
  is(duration, "0", 0);
  is(size, "15MB", 15 * 1024 * 1024);
  is(optional(boolean), "", null);
  is(optional(boolean), "n", false);
  is(list(text), "[a, 1, ~]", ["a", "1", ""]);
  is(
    mapOf(int),
    "{a: 1, b: 2}",
    new Map([
      ["a", 1],
      ["b", 2],
    ]),
  );
  assert.equal(decode(secret, "v: hush").reveal(), "hush");
});

test("absent fields have their default, null ones the zero value", () => {
  const section = object("t.plain", {
    a: withDefault(int, 7),
    b: withDefault(int, 7),
    c: withDefault(text, "x"),
  });
  assert.deepEqual(decodeDocument(parseYaml("b:\nc: y", "f.yml"), section), { a: 7, b: 0, c: "y" });
  assert.deepEqual(decodeDocument(parseYaml("", "f.yml"), section), { a: 7, b: 7, c: "x" });
});

test("faults carry the original's words", () => {
  const fails = (decoder: Decoder<unknown>, yaml: string, why: string) =>
    assert.throws(() => decode(decoder, yaml), { message: why }, yaml);
  const lead = "parsing YAML file f.yml: ";
  const collected = (place: string, ...lines: string[]) =>
    `f.yml:${place}: ${lead}yaml: unmarshal errors:\n${lines.map((line) => `  line ${line}`).join("\n")}`;
  fails(int, "v: abc", collected("1:4", "1: cannot unmarshal !!str `abc` into int"));
  fails(boolean, "\nv: abcdefghijkl", collected("2:4", "2: cannot unmarshal !!str `abcdefg...` into bool"));
  fails(uint, "v: -1", collected("1:4", "1: cannot unmarshal !!int `-1` into uint"));
  fails(text, "v: [a]", collected("1:4", "1: cannot unmarshal !!seq into string"));
  fails(list(text), "v: {a: b}", collected("1:4", "1: cannot unmarshal !!map into []string"));
  fails(
    text,
    "v: a\nw: b\nx: c",
    collected("2:1", "2: field w not found in type t.plain", "3: field x not found in type t.plain"),
  );
  fails(text, "v: a\nv: b", collected("2:1", "2: field v already set in type t.plain"));
  fails(mapOf(text), "v: {a: 1, a: 2}", collected("1:11", '1: key "a" already set in map'));
  fails(duration, "v: 5x", `f.yml:1:4: ${lead}unknown unit "x" in duration "5x"`);
  fails(duration, "v: -1h", `f.yml:1:4: ${lead}not a valid duration string: "-1h"`);
  fails(size, "v: 100", `f.yml:1:4: ${lead}units: unknown unit  in 100`);
  fails(text, "v: !!binary a", `f.yml:1:13: ${lead}yaml: !!binary value contains invalid base64 data`);
  fails(list(text, "empty thing"), "v:\n- a\n-\n", `f.yml:3:2: ${lead}empty thing`);
});

test("a check runs on sound sections and refuses by throwing", () => {
  const section = object("t.plain", { a: int, b: int }, ({ a, b }) => {
    if (a > b) throw new Error("a greater than b");
  });
  assert.deepEqual(decodeDocument(parseYaml("a: 1\nb: 2", "f.yml"), section), { a: 1, b: 2 });
  assert.throws(
    () => decodeDocument(parseYaml("a: 3\nb: 2", "f.yml"), section),
    /^ConfigError: f\.yml:1:1: .*a greater than b$/u,
  );
  assert.throws(() => decodeDocument(parseYaml("a: x\nb: -2", "f.yml"), section), /unmarshal errors/u);
});

test("sections print back, secrets hidden, empty fields left out", () => {
  const section = object("t.plain", {
    a: text,
    d: duration,
    n: uint,
    s: secret,
    l: list(text),
    o: optional(boolean),
  });
  const is = (yaml: string, want: unknown) =>
    assert.deepEqual(section.print(decodeDocument(parseYaml(yaml, "f.yml"), section)), want);
  is("a: x\nd: 90s\ns: hush\nl: [p, '']\no: false", {
    a: "x",
    d: "1m30s",
    s: "<secret>",
    l: ["p", ""],
    o: false,
  });
  is("n: 5", { n: 5 });
  assert.equal(redactUrl("http://me:secret@host/x"), "http://me:xxxxx@host/x");
  assert.equal(redactUrl("http://host:80/@x"), "http://host:80/@x");
});
