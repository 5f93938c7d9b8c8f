import assert from "node:assert/strict";
import { test } from "node:test";
import { LabelMatcher } from "@narthex/model/label-matcher";
import { deleteMatchers, setMatcher } from "./edit-matchers.ts";
import { parseQuery } from "./parser.ts";
import { printExpr } from "./printer.ts";

test("a matcher is set in every selector", () => {
  const is = (query: string, wanted: string): void => {
    const expr = setMatcher(parseQuery(query), new LabelMatcher("=", "job", "x"));
    assert.equal(printExpr(expr), wanted, query);
  };
  is("foo", 'foo{job="x"}');
  is('foo{job!="y",a="b"}', 'foo{a="b",job="x"}');
  is('foo{job=~"y",job!="z"}', 'foo{job="x",job="x"}');
  is("sum(rate(a[5m])) / -(b)", 'sum(rate(a{job="x"}[5m])) / -(b{job="x"})');
  is(
    "topk(scalar(k), v[5m:1m] @ 3)".replace("v[5m:1m] @ 3", "max_over_time(v[5m:1m] @ 3)"),
    'topk(scalar(k{job="x"}), max_over_time(v{job="x"}[5m:1m] @ 3.000))',
  );
  is("1 + time()", "1 + time()");
});

test("a matcher is deleted from every selector", () => {
  const is = (query: string, wanted: string): void => {
    assert.equal(printExpr(deleteMatchers(parseQuery(query), "job")), wanted, query);
  };
  is('foo{job="x",a="b"}', 'foo{a="b"}');
  is('{job="x",a="b"} + bar', '{a="b"} + bar');
  is(
    'sum(rate(a{job="x"}[5m])) or label_replace(b{job!=""}, "a", "b", "c", "d")',
    'sum(rate(a[5m])) or label_replace(b, "a", "b", "c", "d")',
  );
});
