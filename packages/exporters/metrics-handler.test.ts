/**
 * What a scraper gets from a metrics handler over real connections.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Registry } from "@narthex/client/registry";
import { Listener } from "@narthex/http/listener";
import { systemClock } from "@narthex/platform/clock";
import { single } from "./family-builder.ts";
import { exporterRouter } from "./kit.ts";
import { MetricsHandler, MetricsRefusal, type MetricsHandlerOptions } from "./metrics-handler.ts";

interface Served {
  readonly get: (path: string, headers?: Record<string, string>) => Promise<Response>;
  readonly stop: () => Promise<void>;
}

async function serve(gather: MetricsHandlerOptions["gather"], maxRequests = 40): Promise<Served> {
  const metrics = new MetricsHandler({ gather, own: new Registry(), maxRequests });
  const program = { title: "A & B", description: "Test", version: "1", telemetryPath: "/metrics", metrics };
  const listener = await Listener.start([{ host: "127.0.0.1", port: 0 }], {
    handler: exporterRouter(program).handle,
    clock: systemClock,
  });
  const { port } = listener.addresses[0]!;
  return {
    get: (path, headers = {}) => fetch(`http://127.0.0.1:${port}${path}`, { headers }),
    stop: () => listener.stop(0),
  };
}

test("a page with the handler's own counters", async () => {
  const { get, stop } = await serve(() => Promise.resolve([single("a", "A.", "gauge", 1)]));
  await (await get("/metrics")).text();
  const response = await get("/metrics", { "accept-encoding": "gzip" });
  assert.equal(
    response.headers.get("content-type"),
    "text/plain; version=0.0.4; charset=utf-8; escaping=underscores",
  );
  const page = await response.text();
  assert.match(page, /^# HELP a A.\n# TYPE a gauge\na 1\n/u);
  assert.match(page, /^promhttp_metric_handler_requests_total\{code="200"\} 1$/mu);
  assert.match(page, /^promhttp_metric_handler_requests_in_flight 1$/mu);
  await stop();
});

test("failures: 500 with the reason, 400 for a refusal", async () => {
  const { get, stop } = await serve((request) =>
    Promise.reject(request.rawQuery === "" ? new Error("it broke") : new MetricsRefusal("not so")),
  );
  const broken = await get("/metrics");
  assert.equal(broken.status, 500);
  assert.equal(await broken.text(), "An error has occurred while serving metrics:\n\nit broke\n");
  const refused = await get("/metrics?x");
  assert.equal(refused.status, 400);
  assert.equal(await refused.text(), "not so");
  await stop();
});

test("too many requests at once: 503", async () => {
  let release = (): void => {};
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  let entered = (): void => {};
  const inside = new Promise<void>((resolve) => {
    entered = resolve;
  });
  const { get, stop } = await serve(async () => {
    entered();
    await gate;
    return [];
  }, 1);
  const first = get("/metrics");
  await inside;
  const second = await get("/metrics");
  assert.equal(second.status, 503);
  assert.equal(await second.text(), "Limit of concurrent requests reached (1), try again later.\n");
  release();
  assert.equal((await first).status, 200);
  await stop();
});

test("the start page links to the metrics; other paths are not there", async () => {
  const { get, stop } = await serve(() => Promise.resolve([]));
  const page = await (await get("/")).text();
  assert.ok(page.includes("<title>A &amp; B</title>"));
  assert.ok(page.includes('<a href="/metrics">'));
  assert.equal((await get("/nope")).status, 404);
  await stop();
});
