/**
 * What the metrics of the client library count, refuse and show.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "@narthex/platform/virtual-clock";
import { NodeMetrics } from "./node-metrics.ts";
import { ProcessMetrics } from "./process-metrics.ts";
import { Registry } from "./registry.ts";
import { usualTargets } from "./summary.ts";

test("a page has families by name and series by label values", () => {
  const registry = new Registry();
  const requests = registry.counter("requests_total", "Requests.", ["method", "code"]);
  requests.labels("post", "500").inc();
  requests.labels("get", "200").inc(2);
  requests.labels("get", "500").inc(3);
  registry.gauge("depth", "How deep.").set(-1.5);
  registry.callback({ name: "answer", help: "It.", type: "untyped", read: () => 42 });
  registry.callback({ name: "absent", help: "No value.", type: "gauge", read: () => null });
  assert.equal(
    registry.text(),
    `\
# HELP answer It.
# TYPE answer untyped
answer 42
# HELP depth How deep.
# TYPE depth gauge
depth -1.5
# HELP requests_total Requests.
# TYPE requests_total counter
requests_total{code="200",method="get"} 2
requests_total{code="500",method="get"} 3
requests_total{code="500",method="post"} 1
`,
  );
});

test("series without labels show from the start; removed ones vanish", () => {
  const registry = new Registry();
  const gauge = registry.gauge("g", "G.", ["a"]);
  registry.counter("c_total", "C.");
  gauge.labels("1").set(5);
  gauge.labels("2").inc(3);
  assert.ok(gauge.remove("1"));
  assert.ok(!gauge.remove("1"));
  assert.match(registry.text(), /c_total 0\n[^]*g\{a="2"\} 3\n$/u);
  assert.doesNotMatch(registry.text(), /a="1"/u);
});

test("what a metric refuses", () => {
  const registry = new Registry();
  assert.throws(() => registry.counter("a-b", "x"), RangeError);
  assert.throws(() => registry.gauge("a", "x", ["b", "b"]), RangeError);
  assert.throws(() => registry.histogram({ name: "a", help: "x", labelNames: ["le"] }), RangeError);
  assert.throws(() => registry.histogram({ name: "a", help: "x", bounds: [2, 1] }), RangeError);
  assert.throws(() => registry.counter("b_total", "x").inc(-1), RangeError);
  registry.gauge("b_total", "x");
  assert.throws(() => registry.text(), { name: "DuplicateFamilyError" });
});

test("histogram: bounds are inclusive", () => {
  const registry = new Registry();
  const histogram = registry.histogram({ name: "h", help: "", bounds: [1, 2] });
  for (const value of [0.5, 1, 1.5, 2, 3]) histogram.observe(value);
  assert.match(registry.text(), /le="1"\} 2\n.*le="2"\} 4\n.*le="\+Inf"\} 5\nh_sum 8\nh_count 5\n/u);
});

test("summary: quantiles are within their error, and forget", async () => {
  const clock = new VirtualClock();
  const registry = new Registry();
  const summary = registry.summary({ name: "s", help: "", targets: usualTargets, clock });
  const quantile = (q: string): number =>
    Number(new RegExp(`s\\{quantile="${q}"\\} (.*)`, "u").exec(registry.text())?.[1]);
  assert.ok(Number.isNaN(quantile("0.5")));
  const count = 20_000;
  for (let i = 0; i < count; i++) summary.observe(((i * 7919) % count) + 1);
  for (const { quantile: q, error } of usualTargets) {
    assert.ok(Math.abs(quantile(String(q)) - q * count) <= error * count + 1, `quantile ${q}`);
  }
  await clock.advance(599_000);
  assert.ok(!Number.isNaN(quantile("0.5")));
  await clock.advance(2_000);
  assert.ok(Number.isNaN(quantile("0.5")));
  assert.match(registry.text(), new RegExp(`s_count ${count}\\n`, "u"));
});

test("negotiation: OpenMetrics only where it is offered and wanted", () => {
  const registry = new Registry();
  const wants = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.2,*/*;q=0.1";
  assert.match(registry.page(wants, true).contentType, /^application\/openmetrics-text; version=1.0.0/u);
  assert.match(registry.page(wants).contentType, /^text\/plain; version=0.0.4/u);
  assert.match(
    registry.page("text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3").contentType,
    /version=1.0.0/u,
  );
  assert.match(registry.page("").contentType, /^text\/plain; version=0.0.4/u);
});

test("process and runtime metrics have plausible values", { skip: process.platform !== "linux" }, () => {
  const registry = new Registry();
  registry.register(new ProcessMetrics());
  const runtime = registry.register(new NodeMetrics());
  const value = (name: string): number =>
    Number(new RegExp(`^${name} (.*)$`, "mu").exec(registry.text())?.[1]);
  assert.ok(value("process_cpu_seconds_total") > 0);
  assert.ok(value("process_resident_memory_bytes") > 1e7);
  assert.ok(value("process_open_fds") > 2);
  const age = performance.timeOrigin / 1000 - value("process_start_time_seconds");
  assert.ok(Math.abs(age) < 60, `the process started ${age} s before the runtime`);
  assert.ok(value("nodejs_eventloop_lag_p99_seconds") >= 0);
  assert.ok(value("nodejs_heap_size_used_bytes") > 1e6);
  runtime.stop();
});

test("a metric without labels goes on after it was cleared", () => {
  const registry = new Registry();
  const counter = registry.counter("c_total", "A counter.");
  counter.inc(2);
  counter.clear();
  counter.inc(3);
  assert.match(registry.text(), /^c_total 3$/mu);
  counter.remove();
  counter.inc(4);
  assert.match(registry.text(), /^c_total 4$/mu);
});
