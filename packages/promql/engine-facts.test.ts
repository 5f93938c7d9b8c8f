/** What engines answer beyond the language's own scripts: ranges of samples, hints, names, lookback. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { CounterResetHint } from "@narthex/model/counter-reset-hint";
import { Labels } from "@narthex/model/labels";
import { parseQuery } from "@narthex/promql-syntax/parser";
import { MemoryStorage } from "@narthex/storage/memory-storage";
import { Engine, type EngineOptions } from "./engine.ts";
import { plainSeries } from "./query-result.ts";
import { parseScript, scriptSyntax } from "./script-commands.ts";
import { load } from "./script-load.ts";
import { failureText, runScript } from "./script-test.ts";
import { ask, storageOf, testArena } from "./test-data.ts";

/** Runs a script; every evaluation must pass. */
function passes(script: string, engine?: EngineOptions): void {
  const { failures, passed } = runScript(script, { arena: testArena, ...(engine && { engine }) });
  assert.deepEqual(
    failures.map((failure) => failureText("script", failure)),
    [],
  );
  assert.equal(passed, script.match(/^\s*eval/gmu)?.length);
}

test("anchored and smoothed ranges end where they are asked to", () => {
  const load = "load 10s\n metric 1+1x10\n withreset 1+1x4 1+1x5\n notregular 0 5 100 2 8\n";
  const holds = (query: string, name: string, seconds: number, values: string, range: string) =>
    passes(
      `${load}\neval instant at ${seconds}s ${query}\n expect range vector ${range}\n ${name} ${values}\n`,
    );
  holds("metric[10s] smoothed", "metric", 10, "1 2", "from 0s to 10s step 10s");
  holds("metric[10s] smoothed", "metric", 15, "1.5 2 2.5", "from 5s to 15s step 5s");
  holds("metric[10s] smoothed", "metric", 105, "10.5 11 11", "from 95s to 105s step 5s");
  holds("withreset[10s] smoothed", "withreset", 45, "4.5 5 3", "from 35s to 45s step 5s");
  holds("notregular[20s] smoothed", "notregular", 30, "5 100 2", "from 10s to 30s step 10s");
  holds("metric[10s] anchored", "metric", 10, "1 2", "from 0s to 10s step 10s");
  holds("metric[10s] anchored", "metric", 15, "1 2 2", "from 5s to 15s step 5s");
  holds("metric[10s] anchored", "metric", 105, "10 11 11", "from 95s to 105s step 5s");
  holds("withreset[10s] anchored", "withreset", 45, "4 5 5", "from 35s to 45s step 5s");
  holds("notregular[20s] anchored", "notregular", 30, "5 100 2", "from 10s to 30s step 10s");
});

/** The samples of the one series that a query gives, as `second:value`. */
function samplesOf(storage: MemoryStorage, query: string, seconds: number): string {
  const engine = new Engine(testArena);
  const result = engine.instant(storage.querier(), parseQuery(query, scriptSyntax), seconds * 1000);
  const [series] = plainSeries(result);
  result.release();
  return (series?.points ?? []).map(({ timeMs, value }) => `${timeMs / 1000}:${value}`).join(" ");
}

test("ranges of subqueries and @", () => {
  const storage = new MemoryStorage();
  const script = 'load 10s\n metric{job="1"} 0+1x1000\n\nload 1ms\n ms 0+1x10000';
  for (const command of parseScript(script)) if (command.kind === "load") load(command, storage);
  const metric = Labels.fromObject({ __name__: "before" });
  for (let second = -1000; second <= 0; second++) storage.add(metric, second * 1000, 1 - second);
  const is = (query: string, seconds: number, samples: string) =>
    assert.equal(samplesOf(storage, query, seconds), samples, query);
  is("before @ -200", 100, "100:201");
  is("before[2s] @ 0", 100, "-1:2 0:1");
  is("before[3s] @ -500", 100, "-502:503 -501:502 -500:501");
  is("before[50s:25s] @ -100", 100, "-125:126 -100:101");
  is("before[50s1ms:25s] @ 0", 100, "-50:51 -25:26 0:1");
  is("metric[20s] @ 300", 10, "290:29 300:30");
  is("ms[3ms] @ 2.345", 100, "2.343:2343 2.344:2344 2.345:2345");
  is("ms[101ms:25ms] @ 2.345", 100, "2.25:2250 2.275:2275 2.3:2300 2.325:2325");
  is("metric[100s:25s] @ 300", 100, "225:22 250:25 275:27 300:30");
  is("metric[100s1ms:25s] @ 300", 100, "200:20 225:22 250:25 275:27 300:30");
  is("metric[20s:10s]", 10, "0:0 10:1");
  is("metric[20s:5s] offset 2s", 12, "0:0 5:0 10:1");
  is("metric[20s:5s] offset 6s", 20, "0:0 5:0 10:1");
  is("metric[20s:5s] offset 4s", 35, "15:1 20:2 25:2 30:3");
  is("metric[20s:5s] offset 6s", 35, "10:1 15:1 20:2 25:2");
  is("metric[5m:] offset 20m", 3000, "1560:156 1620:162 1680:168 1740:174 1800:180");
  is("sum(metric)[30s:10s]", 121, "100:10 110:11 120:12");
  is("rate(metric[1m])[15s:5s]", 1000, "990:0.1 995:0.1 1000:0.1");
});

test("@ start() and @ end() are those of the query", () => {
  passes(`
    load 10s
      topk{instance="1"} 0+1x1000
      topk{instance="2"} 0+2x1000
      topk{instance="3"} 1000-1x1000

    eval range from 50s to 80s step 10s topk and topk(1, sum_over_time(topk[50s] @ 100))
      topk{instance="3"} 995 994 993 992

    eval range from 50s to 80s step 10s topk and topk(1, sum_over_time(topk[50s] @ 5000))
      topk{instance="2"} 10 12 14 16

    eval range from 70s to 100s step 10s topk and topk(1, sum_over_time(topk[50s] @ end()))
      topk{instance="3"} 993 992 991 990

    eval range from 100s to 130s step 10s topk and topk(1, sum_over_time(topk[50s] @ start()))
      topk{instance="3"} 990 989 988 987
  `);
});

test("names go at once when their removal is not delayed", () => {
  passes(
    `
    load 5m
      metric_total{env="1"} 0 60 120
      another_metric{env="1"} 60 120 180

    eval instant at 10m metric_total{env="1"}
      metric_total{env="1"} 120

    eval instant at 10m -metric_total
      {env="1"} -120

    eval instant at 10m metric_total <= another_metric
      metric_total{env="1"} 120

    eval instant at 10m metric_total <= bool another_metric
      {env="1"} 1

    eval instant at 10m round(metric_total)
      {env="1"} 120

    eval instant at 10m last_over_time(metric_total[10m])
      metric_total{env="1"} 120

    eval instant at 10m first_over_time(metric_total[10m])
      metric_total{env="1"} 60

    eval instant at 10m max_over_time(metric_total[10m])
      {env="1"} 120

    clear

    load 20m
      http_requests{job="api"} 2 _
      http_errors{job="api"} _ 4

    eval range from 0s to 20m step 20m -{job="api"}
      {job="api"} -2 -4

    clear

    load 10m
      metric_a 1 _
      metric_b 3 4

    eval range from 0s to 20m step 10m -metric_a or -metric_b
      {} -1 -4
  `,
    {},
  );
});

test("hints of computed histograms", () => {
  const storage = storageOf("h {{count:0}}+{{count:1}}x4");
  const hintOf = (query: string): number | undefined => {
    const engine = new Engine(testArena);
    const result = engine.instant(storage.querier(), parseQuery(query, scriptSyntax), 60_000, {
      text: query,
    });
    const [series] = plainSeries(result);
    result.release();
    return series?.points[0]?.histogram?.counterResetHint;
  };
  const is = (query: string, hint: CounterResetHint) => assert.equal(hintOf(query), hint, query);
  for (const query of ["h + h", "2 * h", "h / 2", "h == h", "h != -h"]) is(query, CounterResetHint.NotReset);
  for (const query of [
    "h - h",
    "h + (-h)",
    "h - (-h)",
    "-h",
    "-(-h)",
    "-1 * h",
    "h / -1",
    "-h == -h",
    "-h != h",
  ]) {
    is(query, CounterResetHint.Gauge);
  }
});

test("lookback is the query's, else the engine's, else five minutes", () => {
  const storage = storageOf("m 0 1 2");
  const at = (minute: number, engineMinutes?: number, queryMinutes?: number): number => {
    const engine = new Engine(
      testArena,
      engineMinutes === undefined ? {} : { lookbackMs: engineMinutes * 60_000 },
    );
    const lookbackMs = queryMinutes === undefined ? undefined : queryMinutes * 60_000;
    const result = engine.instant(storage.querier(), parseQuery("m"), minute * 60_000, { lookbackMs });
    const { length } = plainSeries(result);
    result.release();
    return length;
  };
  const millisecond = 1 / 60_000;
  assert.deepEqual([at(7 - millisecond), at(7)], [1, 0]);
  assert.deepEqual([at(12 - millisecond, 10), at(12, 10)], [1, 0]);
  assert.deepEqual([at(22 - millisecond, 10, 20), at(22, 10, 20)], [1, 0]);
});

test("histogram_count of a rate is the count of that rate", () => {
  const storage = storageOf("h {{count:2 sum:100 buckets:[2]}} {{count:4 sum:200 buckets:[4]}} {{}}");
  const rate = ask(storage, "rate(h[2m1s])", 2);
  const count = ask(storage, "histogram_count(rate(h[2m1s]))", 2);
  assert.equal(/count:([\d.e-]+)/u.exec(rate)?.[1], count.split(" ")[1]);
  assert.ok(Number(count.split(" ")[1]) > 0);
});
