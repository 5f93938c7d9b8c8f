/**
 * Trees as JSON. Facts recorded from Prometheus 3.14.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { astJson } from "./ast-json.ts";
import { parseQuery } from "./parser.ts";

const everything = {
  experimentalFunctions: true,
  durationExpressions: true,
  extendedRangeSelectors: true,
  fillModifiers: true,
};

function is(query: string, json: string): void {
  assert.equal(JSON.stringify(astJson(parseQuery(query, everything))), json, query);
}

test("AST: literals and operators", () => {
  is("1", '{"type":"numberLiteral","val":"1"}');
  is("5m", '{"type":"numberLiteral","val":"300"}');
  is("-0x1F", '{"type":"numberLiteral","val":"-31"}');
  is("NaN", '{"type":"numberLiteral","val":"NaN"}');
  is('"a\\n"', '{"type":"stringLiteral","val":"a\\n"}');
  is("(1)", '{"expr":{"type":"numberLiteral","val":"1"},"type":"parenExpr"}');
  is(
    "-(foo)",
    '{"expr":{"expr":{"anchored":false,"matchers":[{"name":"__name__","type":"=",' +
      '"value":"foo"}],"name":"foo","offset":0,"offsetExpr":null,"smoothed":false,' +
      '"startOrEnd":null,"timestamp":null,"type":"vectorSelector"},"type":"parenExpr"},"op":"-",' +
      '"type":"unaryExpr"}',
  );
  is(
    "1 + 2",
    '{"bool":false,"lhs":{"type":"numberLiteral","val":"1"},"matching":null,"op":"+",' +
      '"rhs":{"type":"numberLiteral","val":"2"},"type":"binaryExpr"}',
  );
  is(
    "foo == bool 1",
    '{"bool":true,"lhs":{"anchored":false,"matchers":[{"name":"__name__","type":"=",' +
      '"value":"foo"}],"name":"foo","offset":0,"offsetExpr":null,"smoothed":false,' +
      '"startOrEnd":null,"timestamp":null,"type":"vectorSelector"},"matching":null,"op":"==",' +
      '"rhs":{"type":"numberLiteral","val":"1"},"type":"binaryExpr"}',
  );
  is(
    "foo * on (a) group_left (b) bar",
    '{"bool":false,"lhs":{"anchored":false,"matchers":[{"name":"__name__","type":"=",' +
      '"value":"foo"}],"name":"foo","offset":0,"offsetExpr":null,"smoothed":false,' +
      '"startOrEnd":null,"timestamp":null,"type":"vectorSelector"},' +
      '"matching":{"card":"many-to-one","fillValues":{"lhs":null,"rhs":null},"include":["b"],' +
      '"labels":["a"],"on":true},"op":"*","rhs":{"anchored":false,"matchers":[{"name":"__name__",' +
      '"type":"=","value":"bar"}],"name":"bar","offset":0,"offsetExpr":null,"smoothed":false,' +
      '"startOrEnd":null,"timestamp":null,"type":"vectorSelector"},"type":"binaryExpr"}',
  );
  is(
    "foo and bar",
    '{"bool":false,"lhs":{"anchored":false,"matchers":[{"name":"__name__","type":"=",' +
      '"value":"foo"}],"name":"foo","offset":0,"offsetExpr":null,"smoothed":false,' +
      '"startOrEnd":null,"timestamp":null,"type":"vectorSelector"},' +
      '"matching":{"card":"many-to-many","fillValues":{"lhs":null,"rhs":null},"include":[],' +
      '"labels":[],"on":false},"op":"and","rhs":{"anchored":false,"matchers":[{"name":"__name__",' +
      '"type":"=","value":"bar"}],"name":"bar","offset":0,"offsetExpr":null,"smoothed":false,' +
      '"startOrEnd":null,"timestamp":null,"type":"vectorSelector"},"type":"binaryExpr"}',
  );
  is(
    "foo + fill_left (2) fill_right (-1.5) bar",
    '{"bool":false,"lhs":{"anchored":false,"matchers":[{"name":"__name__","type":"=",' +
      '"value":"foo"}],"name":"foo","offset":0,"offsetExpr":null,"smoothed":false,' +
      '"startOrEnd":null,"timestamp":null,"type":"vectorSelector"},' +
      '"matching":{"card":"one-to-one","fillValues":{"lhs":2,"rhs":-1.5},"include":[],"labels":[],' +
      '"on":false},"op":"+","rhs":{"anchored":false,"matchers":[{"name":"__name__","type":"=",' +
      '"value":"bar"}],"name":"bar","offset":0,"offsetExpr":null,"smoothed":false,' +
      '"startOrEnd":null,"timestamp":null,"type":"vectorSelector"},"type":"binaryExpr"}',
  );
});

test("AST: selectors", () => {
  is(
    "foo",
    '{"anchored":false,"matchers":[{"name":"__name__","type":"=","value":"foo"}],"name":"foo",' +
      '"offset":0,"offsetExpr":null,"smoothed":false,"startOrEnd":null,"timestamp":null,' +
      '"type":"vectorSelector"}',
  );
  is(
    '{"m.x",a!="b",c=~"d.*"} offset -5m',
    '{"anchored":false,"matchers":[{"name":"__name__","type":"=","value":"m.x"},{"name":"a",' +
      '"type":"!=","value":"b"},{"name":"c","type":"=~","value":"d.*"}],"name":"",' +
      '"offset":-300000,"offsetExpr":null,"smoothed":false,"startOrEnd":null,"timestamp":null,' +
      '"type":"vectorSelector"}',
  );
  is(
    "foo @ 1.5 offset 1h",
    '{"anchored":false,"matchers":[{"name":"__name__","type":"=","value":"foo"}],"name":"foo",' +
      '"offset":3600000,"offsetExpr":null,"smoothed":false,"startOrEnd":null,"timestamp":1500,' +
      '"type":"vectorSelector"}',
  );
  is(
    "foo @ start() smoothed",
    '{"anchored":false,"matchers":[{"name":"__name__","type":"=","value":"foo"}],"name":"foo",' +
      '"offset":0,"offsetExpr":null,"smoothed":true,"startOrEnd":"start","timestamp":null,' +
      '"type":"vectorSelector"}',
  );
  is(
    "foo[5m] @ end()",
    '{"anchored":false,"matchers":[{"name":"__name__","type":"=","value":"foo"}],"name":"foo",' +
      '"offset":0,"offsetExpr":null,"range":300000,"rangeExpr":null,"smoothed":false,' +
      '"startOrEnd":"end","timestamp":null,"type":"matrixSelector"}',
  );
  is(
    "foo[90] anchored offset 3",
    '{"anchored":true,"matchers":[{"name":"__name__","type":"=","value":"foo"}],"name":"foo",' +
      '"offset":3000,"offsetExpr":null,"range":90000,"rangeExpr":null,"smoothed":false,' +
      '"startOrEnd":null,"timestamp":null,"type":"matrixSelector"}',
  );
});

test("AST: durations", () => {
  is(
    "foo[(5)]",
    '{"anchored":false,"matchers":[{"name":"__name__","type":"=","value":"foo"}],"name":"foo",' +
      '"offset":0,"offsetExpr":null,"range":0,"rangeExpr":{"lhs":null,"op":"+",' +
      '"rhs":{"duration":false,"type":"numberLiteral","val":"5"},"type":"durationExpr",' +
      '"wrapped":true},"smoothed":false,"startOrEnd":null,"timestamp":null,' +
      '"type":"matrixSelector"}',
  );
  is(
    "foo[5m + step()]",
    '{"anchored":false,"matchers":[{"name":"__name__","type":"=","value":"foo"}],"name":"foo",' +
      '"offset":0,"offsetExpr":null,"range":0,"rangeExpr":{"lhs":{"duration":true,' +
      '"type":"numberLiteral","val":"300"},"op":"+","rhs":{"lhs":null,"op":"step","rhs":null,' +
      '"type":"durationExpr","wrapped":false},"type":"durationExpr","wrapped":false},' +
      '"smoothed":false,"startOrEnd":null,"timestamp":null,"type":"matrixSelector"}',
  );
  is(
    "foo offset -(1m)",
    '{"anchored":false,"matchers":[{"name":"__name__","type":"=","value":"foo"}],"name":"foo",' +
      '"offset":0,"offsetExpr":{"lhs":null,"op":"-","rhs":{"lhs":null,"op":"+",' +
      '"rhs":{"duration":true,"type":"numberLiteral","val":"60"},"type":"durationExpr",' +
      '"wrapped":true},"type":"durationExpr","wrapped":false},"smoothed":false,"startOrEnd":null,' +
      '"timestamp":null,"type":"vectorSelector"}',
  );
  is(
    "foo offset +step()",
    '{"anchored":false,"matchers":[{"name":"__name__","type":"=","value":"foo"}],"name":"foo",' +
      '"offset":0,"offsetExpr":{"lhs":null,"op":"+","rhs":{"lhs":null,"op":"step","rhs":null,' +
      '"type":"durationExpr","wrapped":false},"type":"durationExpr","wrapped":false},' +
      '"smoothed":false,"startOrEnd":null,"timestamp":null,"type":"vectorSelector"}',
  );
  is(
    "foo offset -max_of(1m, 2)",
    '{"anchored":false,"matchers":[{"name":"__name__","type":"=","value":"foo"}],"name":"foo",' +
      '"offset":0,"offsetExpr":{"lhs":null,"op":"-","rhs":{"lhs":{"duration":true,' +
      '"type":"numberLiteral","val":"60"},"op":"max_of","rhs":{"duration":false,' +
      '"type":"numberLiteral","val":"2"},"type":"durationExpr","wrapped":false},' +
      '"type":"durationExpr","wrapped":false},"smoothed":false,"startOrEnd":null,"timestamp":null,' +
      '"type":"vectorSelector"}',
  );
  is(
    "foo[(range() * 1.5) ^ 2:]",
    '{"expr":{"anchored":false,"matchers":[{"name":"__name__","type":"=","value":"foo"}],' +
      '"name":"foo","offset":0,"offsetExpr":null,"smoothed":false,"startOrEnd":null,' +
      '"timestamp":null,"type":"vectorSelector"},"offset":0,"offsetExpr":null,"range":0,' +
      '"rangeExpr":{"lhs":{"lhs":{"lhs":null,"op":"range","rhs":null,"type":"durationExpr",' +
      '"wrapped":false},"op":"*","rhs":{"duration":false,"type":"numberLiteral","val":"1.5"},' +
      '"type":"durationExpr","wrapped":true},"op":"^","rhs":{"duration":false,' +
      '"type":"numberLiteral","val":"2"},"type":"durationExpr","wrapped":false},"startOrEnd":null,' +
      '"step":0,"stepExpr":null,"timestamp":null,"type":"subquery"}',
  );
  is(
    "foo[1h:step()]",
    '{"expr":{"anchored":false,"matchers":[{"name":"__name__","type":"=","value":"foo"}],' +
      '"name":"foo","offset":0,"offsetExpr":null,"smoothed":false,"startOrEnd":null,' +
      '"timestamp":null,"type":"vectorSelector"},"offset":0,"offsetExpr":null,"range":3600000,' +
      '"rangeExpr":null,"startOrEnd":null,"step":0,"stepExpr":{"lhs":null,"op":"step","rhs":null,' +
      '"type":"durationExpr","wrapped":false},"timestamp":null,"type":"subquery"}',
  );
  is(
    "foo[1h:30s] offset 5m @ 7",
    '{"expr":{"anchored":false,"matchers":[{"name":"__name__","type":"=","value":"foo"}],' +
      '"name":"foo","offset":0,"offsetExpr":null,"smoothed":false,"startOrEnd":null,' +
      '"timestamp":null,"type":"vectorSelector"},"offset":300000,"offsetExpr":null,' +
      '"range":3600000,"rangeExpr":null,"startOrEnd":null,"step":30000,"stepExpr":null,' +
      '"timestamp":7000,"type":"subquery"}',
  );
});

test("AST: calls and aggregations", () => {
  is(
    "time()",
    '{"args":[],"func":{"argTypes":[],"name":"time","returnType":"scalar","variadic":0},' + '"type":"call"}',
  );
  is(
    "round(foo, 5)",
    '{"args":[{"anchored":false,"matchers":[{"name":"__name__","type":"=","value":"foo"}],' +
      '"name":"foo","offset":0,"offsetExpr":null,"smoothed":false,"startOrEnd":null,' +
      '"timestamp":null,"type":"vectorSelector"},{"type":"numberLiteral","val":"5"}],' +
      '"func":{"argTypes":["vector","scalar"],"name":"round","returnType":"vector","variadic":1},' +
      '"type":"call"}',
  );
  is(
    'label_join(foo, "a", ",", "b", "c")',
    '{"args":[{"anchored":false,"matchers":[{"name":"__name__","type":"=","value":"foo"}],' +
      '"name":"foo","offset":0,"offsetExpr":null,"smoothed":false,"startOrEnd":null,' +
      '"timestamp":null,"type":"vectorSelector"},{"type":"stringLiteral","val":"a"},' +
      '{"type":"stringLiteral","val":","},{"type":"stringLiteral","val":"b"},' +
      '{"type":"stringLiteral","val":"c"}],"func":{"argTypes":["vector","string","string",' +
      '"string"],"name":"label_join","returnType":"vector","variadic":-1},"type":"call"}',
  );
  is(
    "sum(foo)",
    '{"expr":{"anchored":false,"matchers":[{"name":"__name__","type":"=","value":"foo"}],' +
      '"name":"foo","offset":0,"offsetExpr":null,"smoothed":false,"startOrEnd":null,' +
      '"timestamp":null,"type":"vectorSelector"},"grouping":[],"op":"sum","param":null,' +
      '"type":"aggregation","without":false}',
  );
  is(
    'topk by (a, "b c") (3, foo)',
    '{"expr":{"anchored":false,"matchers":[{"name":"__name__","type":"=","value":"foo"}],' +
      '"name":"foo","offset":0,"offsetExpr":null,"smoothed":false,"startOrEnd":null,' +
      '"timestamp":null,"type":"vectorSelector"},"grouping":["a","b c"],"op":"topk",' +
      '"param":{"type":"numberLiteral","val":"3"},"type":"aggregation","without":false}',
  );
  is(
    'count_values without (x) ("l", foo)',
    '{"expr":{"anchored":false,"matchers":[{"name":"__name__","type":"=","value":"foo"}],' +
      '"name":"foo","offset":0,"offsetExpr":null,"smoothed":false,"startOrEnd":null,' +
      '"timestamp":null,"type":"vectorSelector"},"grouping":["x"],"op":"count_values",' +
      '"param":{"type":"stringLiteral","val":"l"},"type":"aggregation","without":true}',
  );
});
