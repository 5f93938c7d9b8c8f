/** The notation of series: values and what is wrong with others. Texts were checked against the original. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { parseSeriesDescription } from "./series-description.ts";

/** The values as text, histograms in the notation of scripts with `!` when they name their hint. */
function shown(text: string): string {
  const { labels, values } = parseSeriesDescription(text);
  const texts = values.map((value) => {
    if (value === "none") return "_";
    if (typeof value !== "object") return String(value);
    return `${value.histogram.testExpression()}${value.isHintSet ? "!" : ""}`;
  });
  return `${labels.toString()} ${texts.join(" ")}`;
}

test("metrics", () => {
  const is = (text: string, labels: string) => assert.equal(shown(`${text} 1`), `${labels} 1`);
  is("m", '{__name__="m"}');
  is("sum", '{__name__="sum"}');
  is("a:b{}", '{__name__="a:b"}');
  is("{}", "{}");
  is(`{a="b", c='d',}`, '{a="b", c="d"}');
  is('m{ le = "1" }', '{__name__="m", le="1"}');
  is('{"a.b", "c.d"="e"}', '{__name__="a.b", "c.d"="e"}');
  is('m{a="x y\\n"}', '{__name__="m", a="x y\\n"}');
});

test("values", () => {
  const is = (text: string, values: string) => assert.equal(shown(`{} ${text}`), `{} ${values}`);
  is("1 -2.5 +3 .5 1e3", "1 -2.5 3 0.5 1000");
  is("_ _x3 stale", "_ _ _ _ stale");
  is("1x2 1-1x2 1+2x1", "1 1 1 1 0 -1 1 3");
  is("NaN Inf -inf", "NaN Infinity -Infinity");
  is("010 0x2", "8 0 0 0");
  is("", "");
});

test("histograms", () => {
  const is = (text: string, values: string) => assert.equal(shown(`{} ${text}`), `{} ${values}`);
  is("{{}}", "{{}}");
  is("{{ }}x1", "{{}} {{}}");
  is(
    "{{schema:1 sum:-3 count:5 z_bucket:1 z_bucket_w:0.5 buckets:[1 2 -3] offset:-2}}",
    "{{schema:1 count:5 sum:-3 z_bucket:1 z_bucket_w:0.5 offset:-2 buckets:[1 2 -3]}}",
  );
  is("{{n_buckets:[1 ] n_offset:3}}", "{{n_offset:3 n_buckets:[1]}}");
  is("{{z_bucket:1 custom_values:[inf]}}", "{{z_bucket:1}}");
  is("{{counter_reset_hint:gauge}} {{counter_reset_hint:unknown}}", "{{counter_reset_hint:gauge}}! {{}}!");
  is("{{schema:-53 custom_values:[1 2.5]}}", "{{schema:-53 custom_values:[1 2.5]}}");
  is("{{buckets:[1]}}+{{buckets:[2]}}x2", "{{buckets:[1]}} {{buckets:[3]}} {{buckets:[5]}}");
  is("{{count:3}}-{{count:1}}x1", "{{count:3}} {{count:2}}");
});

test("what is wrong", () => {
  const fails = (text: string, message: string) =>
    assert.throws(() => parseSeriesDescription(text), { name: "ParseError", message }, text);
  fails("m 1a", '1:3: parse error: bad number syntax: "1"');
  fails("m 1 %", "1:5: parse error: unexpected character in series sequence: '%'");
  fails("m 1 x3", '1:5: parse error: unexpected "x"');
  fails("m 1x", "1:5: parse error: unexpected end of input in series values");
  fails("m 1xstale", '1:5: parse error: unexpected identifier "stale" in series values');
  fails("m 1+2", "1:6: parse error: unexpected end of input in series values");
  fails(
    "m 1x1.5",
    '1:5: parse error: invalid repetition in series values: strconv.ParseUint: parsing "1.5": invalid syntax',
  );
  fails(
    "m abc",
    '1:3: parse error: unexpected identifier "abc" in series values, expected number or "stale"',
  );
  fails("5", '1:1: parse error: unexpected number "5" in series values');
  fails('m{a="b"', "1:8: parse error: unexpected end of input inside braces");
  fails('m{a="b}', "1:5: parse error: unterminated quoted string");
  fails("m{a}", '1:4: parse error: unexpected "}" in label set, expected "="');
  fails("m{a=b}", '1:5: parse error: unexpected identifier "b" in label set, expected string');
  fails('m{a="b" c="d"}', '1:9: parse error: unexpected identifier "c" in label set, expected "," or "}"');
  fails("m{,}", '1:3: parse error: unexpected "," in label set, expected identifier or "}"');
  fails('m{a!="b"}', '1:4: parse error: unexpected <op:!=> in label set, expected "="');
  fails("m {{sum}}", "1:5: parse error: missing `:` for histogram descriptor");
  fails("m {{foo:1}}", '1:5: parse error: bad histogram descriptor found: "foo"');
  fails("m {{sum:1,}}", "1:10: parse error: histogram description incomplete unexpected: ','");
  fails("m {{sum:1 sum:2}}", '1:1: parse error: duplicate key "sum" in histogram');
  fails("m {{buckets:[1 a]}}", "1:17: parse error: invalid character in buckets description: ']'");
  fails(
    "m {{sum:1 2}}",
    '1:11: parse error: unexpected number "2" in histogram description, expected ' +
      "histogram description key, e.g. buckets:[5 10 7]",
  );
  fails(
    "m {{schema:1}}+{{schema:0}}x1",
    "1:29: parse error: error combining histograms: cannot merge from schema 0 to 1",
  );
  fails("m 1x99999999999", "1:5: parse error: more than 1000000 series values");
});
