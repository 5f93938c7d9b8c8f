import assert from "node:assert/strict";
import { test } from "node:test";
import { quoteText, resolveScalar } from "./scalar.ts";

test("plain scalars mean what they mean in Go's yaml.v2", () => {
  const is = (text: string, tag: string, value?: unknown) => {
    const resolved = resolveScalar({ kind: "scalar", offset: 0, text, plain: true, tag: "" });
    assert.deepEqual(resolved, value === undefined ? { tag } : { tag, value }, text);
  };
  is("", "!!null");
  is("~", "!!null");
  is("null", "!!null");
  is("nULL", "!!str", "nULL");
  is("yes", "!!bool", true);
  is("OFF", "!!bool", false);
  is("yEs", "!!str", "yEs");
  is("15", "!!int", 15n);
  is("-1_000", "!!int", -1000n);
  is("017", "!!int", 15n);
  is("0o17", "!!int", 15n);
  is("0x1F", "!!int", 31n);
  is("0b101", "!!int", 5n);
  is("18446744073709551615", "!!int", 18446744073709551615n);
  is("1e3", "!!float", 1000);
  is(".5", "!!float", 0.5);
  is("-.inf", "!!float", -Infinity);
  is("089", "!!float", 89);
  is("15s", "!!str", "15s");
});

test("quotes and tags make texts", () => {
  const resolve = (text: string, plain: boolean, tag: string) =>
    resolveScalar({ kind: "scalar", offset: 0, text, plain, tag });
  assert.deepEqual(resolve("yes", false, ""), { tag: "!!str", value: "yes" });
  assert.deepEqual(resolve("15", true, "!!str"), { tag: "!!str", value: "15" });
  assert.deepEqual(resolve("aGk=", true, "!!binary"), { tag: "!!binary", value: "hi" });
  assert.deepEqual(resolve("a", true, "!!binary"), { tag: "!!binary", value: null });
  const broken = resolve("/w==", true, "!!binary");
  assert.equal(broken.tag === "!!binary" && broken.value?.isWellFormed(), false);
});

test("bytes that are no text are quoted as Go quotes them", () => {
  assert.equal(quoteText("\udcff"), '"\\xff"');
  assert.equal(quoteText('a"b😀'), '"a\\"b😀"');
});
