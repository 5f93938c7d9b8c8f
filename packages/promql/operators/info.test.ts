/** info(): labels of info series. The long list of facts is in the conformance scripts. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { ask, askRange, storageOf } from "../test-data.ts";

const storage = storageOf(`
  m{instance="a", job="1"} 0 1 2 3
  m{instance="b", job="1"} 10 11 12 13
  m{instance="c.*", job="1", version="own"} 20x3
  target_info{instance="a", job="1", version="v1"} 1 1
  target_info{instance="a", job="1", version="v2"} _ _ 1 1
  target_info{instance="b", job="1", version="v1", host="h"} 1 1 stale
  target_info{instance="c.*", job="1", version="v1", host="x"} 1x3
  build_info{instance="a", job="1", build="7"} 1x3
  other_info{instance="a", job="1", build="8"} 1x3
`);

test("labels of the newest info series are added, from step to step", () => {
  assert.equal(
    askRange(storage, "info(m)", [0, 3]),
    [
      '{__name__="m", host="h", instance="b", job="1", version="v1"} 0:10 1:11',
      '{__name__="m", host="x", instance="c.*", job="1", version="own"} 0:20 1:20 2:20 3:20',
      '{__name__="m", instance="a", job="1", version="v1"} 0:0 1:1',
      '{__name__="m", instance="a", job="1", version="v2"} 2:2 3:3',
      '{__name__="m", instance="b", job="1"} 2:12 3:13',
    ].join("\n"),
  );
});

test("matchers choose labels, and drop series that must have them", () => {
  assert.equal(
    ask(storage, 'info(m, {host=~".+"})', 0),
    [
      '{__name__="m", host="h", instance="b", job="1"} 10',
      '{__name__="m", host="x", instance="c.*", job="1", version="own"} 20',
    ].join("\n"),
  );
  assert.equal(
    ask(storage, 'info(m{instance="a"}, {__name__="build_info"})', 0),
    '{__name__="m", build="7", instance="a", job="1"} 0',
  );
  assert.equal(
    ask(storage, 'info(m{instance="a"}, {__name__!~"target_info|other.*"})', 0),
    '{__name__="m", build="7", instance="a", job="1"} 0',
  );
});

test("names go away before labels come", () => {
  const query = 'info(-m{instance="a"})';
  const want = '{instance="a", job="1", version="v1"} 0';
  assert.equal(ask(storage, query, 0).replace("-0", "0"), want);
  assert.equal(ask(storage, query, 0, { delayedNameRemoval: true }).replace("-0", "0"), want);
});

test("info series themselves stay as they are", () => {
  assert.equal(
    ask(storage, 'info(build_info, {__name__=~".+_info"})', 0),
    '{__name__="build_info", build="7", instance="a", job="1"} 1',
  );
});

test("many targets", () => {
  const targets = Array.from({ length: 300 }, (_, i) => `t${i}`);
  const many = storageOf(
    targets
      .flatMap((t, i) => [
        `m{instance="${t}", job="1"} ${i}`,
        `target_info{instance="${t}", job="1", v="${i % 3}"} 1`,
        `target_info{instance="x${t}", job="1", twice="1"} 1`,
        `target_info{instance="x${t}", job="1", twice="2"} 1`,
      ])
      .join("\n"),
  );
  assert.equal(ask(many, "count by (v) (info(m))", 0), '{v="0"} 100\n{v="1"} 100\n{v="2"} 100');
});

test("what contradicts itself is an error", () => {
  const fails = (query: string, message: RegExp) => assert.throws(() => ask(storage, query, 2), { message });
  fails('info(m, {__name__=~"build_info|other_info"})', /^conflicting label: build$/u);
  const twice = storageOf(`
    m{job="1"} 1
    target_info{job="1", a="1"} 1
    target_info{job="1", a="2"} 1
  `);
  assert.throws(() => ask(twice, "info(m)", 0), {
    message:
      'found duplicate series for info metric: existing {__name__="target_info", a="1", job="1"} @ 0, ' +
      'new {__name__="target_info", a="2", job="1"} @ 0',
  });
});
