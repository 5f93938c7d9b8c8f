/**
 * Scrapes over a real server on a virtual clock, into the memory storage. `shown` writes what was stored as
 * `name{labels} tick:value …`, ticks counted from the first scrape, `-` for a staleness marker.
 */

import assert from "node:assert/strict";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { decodeDocument } from "@narthex/config/decode";
import { list, object } from "@narthex/config/decode-section";
import { parseYaml } from "@narthex/config/yaml-document";
import { groupFrom } from "@narthex/discovery/target-group";
import { PageMemory } from "@narthex/exposition/page-memory";
import { Arena } from "@narthex/kernel/arena";
import { loadKernels } from "@narthex/kernel/load";
import { Scratch } from "@narthex/kernel/scratch";
import { isStaleAt } from "@narthex/model/sample";
import { silentLogger } from "@narthex/platform/logger";
import { VirtualClock } from "@narthex/platform/virtual-clock";
import { MemoryStorage } from "@narthex/storage/memory-storage";
import { SeriesBatch } from "@narthex/storage/series-batch";
import { defaultGlobal } from "./global-config.ts";
import { resolveScrapeConfig, scrapeSection, type ScrapeConfig } from "./scrape-config.ts";
import { noScrapeMetrics, type ScrapeMetrics } from "./scrape-metrics.ts";
import { ScrapePool } from "./scrape-pool.ts";
import type { Target } from "./target.ts";

const file = object("config.plain", { scrape_configs: list(scrapeSection) });
const text = "text/plain; version=0.0.4";
const intervalMs = 10_000;
const reports = /^(?:up|scrape_)/u;

function jobConfig(more: string): ScrapeConfig {
  const yaml = `scrape_configs:\n- job_name: j\n  scrape_interval: 10s\n${more}`;
  const [section] = decodeDocument(parseYaml(yaml, "f.yml"), file).scrape_configs;
  assert.ok(section !== undefined);
  return resolveScrapeConfig(section, defaultGlobal(), (path) => path);
}

interface Page {
  status?: number;
  type?: string;
  body: string;
}

class Scene {
  readonly clock = new VirtualClock(1_700_000_000_000);
  readonly storage = new MemoryStorage();
  readonly counts = new Map<string, number>();
  readonly arena = Arena.create();
  readonly scratch = new Scratch(this.arena);
  readonly slab = loadKernels(this.arena).slabCreate() >>> 0;
  readonly memory = new PageMemory(this.arena, this.slab, this.scratch);
  readonly requests: IncomingHttpHeaders[] = [];
  page: Page = { body: "" };
  pool!: ScrapePool;
  address = "";
  #firstMs = 0;

  readonly metrics: ScrapeMetrics = {
    ...noScrapeMetrics,
    sampleLimitExceeded: () => this.#count("sample limit", 1),
    labelLimitsExceeded: () => this.#count("label limits", 1),
    bodyLimitExceeded: () => this.#count("body limit", 1),
    targetLimitExceeded: () => this.#count("target limit", 1),
    duplicateSamples: (count) => this.#count("duplicate", count),
    outOfOrderSamples: (count) => this.#count("out of order", count),
    outOfBoundsSamples: (count) => this.#count("out of bounds", count),
    targetsFailed: (_job, count) => this.#count("failed targets", count),
  };

  start(more: string): Promise<void> {
    this.pool = new ScrapePool(
      jobConfig(more),
      { high: 0, low: 0 },
      {
        appendable: this.storage,
        memory: this.memory,
        clock: this.clock,
        logger: silentLogger,
        metrics: this.metrics,
        userAgent: "Prometheus/3.14.0",
        alignToleranceMs: 2,
      },
    );
    return this.sync(this.address);
  }

  sync(...addresses: string[]): Promise<void> {
    return this.pool.sync([groupFrom({ targets: addresses, labels: new Map() }, "static/0")]);
  }

  target(index = 0): Target {
    return this.pool.activeTargets()[index] as Target;
  }

  /** Serves `page` to the next scrape and waits for it. */
  async scrape(page: Page | string): Promise<Target> {
    this.page = typeof page === "string" ? { body: page } : page;
    const target = this.target();
    const before = target.status.lastScrapeMs;
    const offsetMs = target.offsetMs(intervalMs, { high: 0, low: 0 });
    const nowMs = this.clock.nowMs();
    const tickMs = offsetMs + (Math.floor((nowMs - offsetMs) / intervalMs) + 1) * intervalMs;
    await this.clock.advance(tickMs - nowMs);
    while (target.status.lastScrapeMs === before) await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    if (this.#firstMs === 0) this.#firstMs = target.status.lastScrapeMs;
    return target;
  }

  shown(pick: (name: string) => boolean = (name) => !reports.test(name)): string[] {
    const querier = this.storage.querier();
    const found = querier.select({ minTimeMs: 0, maxTimeMs: 2e12, matchers: [] });
    const batch = new SeriesBatch();
    const lines: string[] = [];
    for (let i = 0; i < found.count; i++) {
      const ids = found.labelIds.slice(i === 0 ? 0 : found.labelEnds[i - 1], found.labelEnds[i]);
      const labels = [...ids].map((id) => querier.symbols.text(id));
      const name = labels[labels.indexOf("__name__") + 1] as string;
      if (!pick(name)) continue;
      const rest = labels.flatMap((label, at) =>
        at % 2 === 0 && !/^(?:__name__|instance|job)$/u.test(label) ? [`${label}=${labels[at + 1]}`] : [],
      );
      found.read(i, 1, batch, this.scratch);
      lines.push(`${name}${rest.length === 0 ? "" : `{${rest.join(",")}}`} ${this.#samples(batch)}`);
    }
    return lines;
  }

  #samples(batch: SeriesBatch): string {
    const { f64 } = this.arena;
    const samples: string[] = [];
    for (let i = 0; i < (batch.count[0] as number); i++) {
      const at = (batch.valuesAt[0] as number) / 8 + i;
      const tick = ((f64[(batch.timesAt[0] as number) / 8 + i] as number) - this.#firstMs) / intervalMs;
      samples.push(`${tick}:${isStaleAt(f64, at) ? "-" : f64[at]}`);
    }
    return samples.join(" ");
  }

  #count(what: string, count: number): void {
    if (count > 0) this.counts.set(what, (this.counts.get(what) ?? 0) + count);
  }
}

async function scene(more: string, run: (scene: Scene) => Promise<void>): Promise<void> {
  const scene = new Scene();
  const server = createServer((request, response) => {
    scene.requests.push({ ...request.headers, ":url": request.url });
    const { status = 200, type = text, body } = scene.page;
    response.statusCode = status;
    if (type !== "") response.setHeader("content-type", type);
    if (request.headers["accept-encoding"] === "gzip") {
      response.setHeader("content-encoding", "gzip").end(gzipSync(body));
    } else response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  scene.address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    await scene.start(more);
    await run(scene);
  } finally {
    await scene.pool.stop();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

test("pages become samples, missing series get markers", () =>
  scene("", async (s) => {
    await s.scrape('a 1\nb{x="1"} 2\n');
    await s.scrape('a 3\nb{x="1"} 4\n');
    await s.scrape("a 5\n");
    await s.scrape('a 6\nc NaN\nb{x="1"} 7\n');
    assert.deepEqual(s.shown(), ["a 0:1 1:3 2:5 3:6", "b{x=1} 0:2 1:4 2:- 3:7", "c 3:NaN"]);
    assert.equal(s.target().status.health, "up");
  }));

test("the report series", () =>
  scene("  extra_scrape_metrics: true\n  sample_limit: 5", async (s) => {
    await s.scrape("a 1\nb 2\n");
    await s.scrape("a 1\nc 2\nd 3\n");
    await s.scrape({ status: 500, body: "" });
    const report = s.shown((name) => reports.test(name) && name !== "scrape_duration_seconds");
    assert.deepEqual(report, [
      "scrape_body_size_bytes 0:8 1:12 2:0",
      "scrape_sample_limit 0:5 1:5 2:5",
      "scrape_samples_post_metric_relabeling 0:2 1:3 2:0",
      "scrape_samples_scraped 0:2 1:3 2:0",
      "scrape_series_added 0:2 1:2 2:0",
      "scrape_timeout_seconds 0:10 1:10 2:10",
      "up 0:1 1:1 2:0",
    ]);
  }));

test("a failed scrape marks all series once, and they come back", () =>
  scene("", async (s) => {
    await s.scrape("a 1\nb 2\n");
    await s.scrape({ status: 404, body: "" });
    assert.deepEqual(
      [s.target().status.health, s.target().status.lastError],
      ["down", "server returned HTTP status 404 Not Found"],
    );
    await s.scrape({ status: 404, body: "" });
    await s.scrape("a 3\nc 4\n");
    await s.scrape("");
    assert.deepEqual(s.shown(), ["a 0:1 1:- 3:3 4:-", "b 0:2 1:-", "c 3:4 4:-"]);
    assert.deepEqual(
      s.shown((name) => name === "up"),
      ["up 0:1 1:0 2:0 3:1 4:1"],
    );
  }));

test("a broken page fails the scrape; what it has before the break gets no marker", () =>
  scene("", async (s) => {
    await s.scrape("a 1\n");
    const target = await s.scrape("a 2\nb{ 3\n");
    assert.match(target.status.lastError, /while parsing: "b\{ /u);
    await s.scrape("a 4\n");
    assert.deepEqual(s.shown(), ["a 0:1 2:4"]);
  }));

test("content types", () =>
  scene("  fallback_scrape_protocol: PrometheusText0.0.4", async (s) => {
    await s.scrape({ type: "", body: "a 1\n" });
    await s.scrape({
      type: "application/openmetrics-text; version=1.0.0",
      body: "# TYPE a gauge\na 2\n# EOF\n",
    });
    await s.scrape({ type: "text/html", body: "a 3\n" });
    assert.deepEqual(s.shown(), ["a 0:1 1:2 2:3"]);
  }));

test("a page without a known type fails without a fallback", () =>
  scene("", async (s) => {
    const target = await s.scrape({ type: "text/html", body: "a 1\n" });
    assert.equal(
      target.status.lastError,
      'received unsupported Content-Type "text/html" and no fallback_scrape_protocol specified for target',
    );
  }));

test("the request", () =>
  scene("  scrape_timeout: 1500ms\n  params: {m: [x]}\n  bearer_token: t", async (s) => {
    await s.scrape("a 1\n");
    const [headers] = s.requests;
    assert.equal(headers?.["x-prometheus-scrape-timeout-seconds"], "1.5");
    assert.equal(headers?.["user-agent"], "Prometheus/3.14.0");
    assert.equal(headers?.["accept-encoding"], "gzip");
    assert.match(
      headers?.accept ?? "",
      /^application\/openmetrics-text;version=1\.0\.0;escaping=allow-utf-8;q=0\.6,/u,
    );
    assert.equal(headers?.authorization, "Bearer t");
    assert.equal(headers?.[":url"], "/metrics?m=x");
  }));

test("metric relabelling drops and rewrites", () =>
  scene(
    "  metric_relabel_configs: [{source_labels: [__name__], regex: 'drop.*', action: drop}, " +
      "{regex: x, action: labeldrop}]",
    async (s) => {
      await s.scrape('a{x="1",y="2"} 1\ndrop_me 2\n');
      await s.scrape('a{x="1",y="2"} 3\ndrop_me 4\n');
      await s.scrape('drop_me 4\na{x="7",y="2"} 5\n');
      assert.deepEqual(s.shown(), ["a{y=2} 0:1 1:3 2:5"]);
      assert.deepEqual(
        s.shown((name) => name.startsWith("scrape_s")),
        [
          "scrape_samples_post_metric_relabeling 0:1 1:1 2:1",
          "scrape_samples_scraped 0:2 1:2 2:2",
          "scrape_series_added 0:1 1:0 2:1",
        ],
      );
    },
  ));

test("limits fail the whole scrape", () =>
  scene("  sample_limit: 2\n  label_limit: 4", async (s) => {
    await s.scrape("a 1\nb 2\n");
    const target = await s.scrape("a 1\nb 2\nc 3\n");
    assert.equal(target.status.lastError, "sample limit exceeded");
    await s.scrape('a{x="1",y="2"} 1\n');
    assert.equal(target.status.lastError, "label_limit exceeded (metric: a, number of labels: 5, limit: 4)");
    await s.scrape("a 4\nb 5\n");
    assert.deepEqual(s.shown(), ["a 0:1 2:- 3:4", "b 0:2 2:- 3:5"]);
    assert.deepEqual(
      [...s.counts],
      [
        ["sample limit", 1],
        ["label limits", 1],
      ],
    );
    assert.deepEqual(
      s.shown((name) => name === "scrape_samples_scraped"),
      ["scrape_samples_scraped 0:2 1:3 2:1 3:2"],
    );
  }));

test("a page over the body limit", () =>
  scene("  body_size_limit: 10B\n  extra_scrape_metrics: true", async (s) => {
    await s.scrape("a 1\n");
    const target = await s.scrape("a 1\nb 123456789\n");
    assert.equal(target.status.lastError, "body size limit exceeded");
    assert.deepEqual([...s.counts], [["body limit", 1]]);
    assert.deepEqual(
      s.shown((name) => name === "scrape_body_size_bytes"),
      ["scrape_body_size_bytes 0:4 1:-1"],
    );
  }));

test("times on the page", () =>
  scene("", async (s) => {
    const target = s.target();
    const offsetMs = target.offsetMs(intervalMs, { high: 0, low: 0 });
    const first = offsetMs + (Math.floor((s.clock.nowMs() - offsetMs) / intervalMs) + 1) * intervalMs;
    await s.scrape(`a 1 ${first - intervalMs}\nb 2\n`);
    await s.scrape(`a 3 ${first - 2 * intervalMs}\nb 4\nc 5 ${first + 1e9}\n`);
    await s.scrape("d 1\n");
    assert.deepEqual(s.shown(), ["a -1:1", "b 0:2 1:4 2:-", "d 2:1"]);
    assert.deepEqual([...s.counts].toReversed(), [
      ["out of bounds", 1],
      ["out of order", 1],
    ]);
  }));

test("times on the page that are not honoured", () =>
  scene("  honor_timestamps: false", async (s) => {
    await s.scrape("a 1 1000\n");
    await s.scrape("b 1 1000\n");
    assert.deepEqual(s.shown(), ["a 0:1 1:-", "b 1:1"]);
  }));

test("markers also for timed series when asked for", () =>
  scene("  track_timestamps_staleness: true", async (s) => {
    await s.scrape(`a 1 ${s.clock.nowMs()}\n`);
    await s.scrape("b 1\n");
    assert.match(s.shown()[0] ?? "", /^a \S+:1 1:-$/u);
  }));

test("the same series twice on a page", () =>
  scene("", async (s) => {
    await s.scrape("a 1\na 2\n");
    assert.deepEqual(s.shown(), ["a 0:1"]);
    assert.deepEqual([...s.counts], [["duplicate", 1]]);
  }));

test("a target that is gone gets its markers two intervals later", () =>
  scene("", async (s) => {
    await s.scrape("a 1\n");
    await s.sync();
    assert.equal(s.pool.activeTargets().length, 0);
    await s.clock.advance(2 * intervalMs);
    assert.deepEqual(s.shown(), ["a 0:1"]);
    await s.clock.advance(intervalMs / 10 + 1_000);
    assert.deepEqual(s.shown(), ["a 0:1 1:-"]);
    assert.deepEqual(
      s.shown((name) => name === "up"),
      ["up 0:1 1:-"],
    );
  }));

test("a reload that leaves the series alone keeps them going", () =>
  scene("", async (s) => {
    await s.scrape("a 1\n");
    await s.pool.reload(jobConfig("  sample_limit: 9"), { high: 0, low: 0 });
    await s.scrape("b 1\n");
    await s.clock.advance(1);
    assert.deepEqual(s.shown(), ["a 0:1 1:-", "b 1:1"]);
    assert.deepEqual(
      s.shown((name) => name === "scrape_series_added"),
      ["scrape_series_added 0:1 1:1"],
    );
  }));

test("dropped and broken targets", () =>
  scene(
    "  relabel_configs: [{source_labels: [__address__], regex: 'drop.*', action: drop}]\n" +
      "  keep_dropped_targets: 1",
    async (s) => {
      await s.sync(s.address, "drop:1", "drop:2", "a/b", s.address);
      assert.equal(s.pool.activeTargets().length, 1);
      assert.deepEqual(
        s.pool.droppedTargets().map((labels) => labels.get("__address__")),
        ["drop:1"],
      );
      assert.equal(s.pool.droppedCount, 2);
      assert.deepEqual([...s.counts], [["failed targets", 1]]);
    },
  ));

test("more targets than allowed fail all of them", () =>
  scene("  target_limit: 1", async (s) => {
    await s.scrape("a 1\n");
    await s.sync(s.address, "127.0.0.1:1");
    const target = await s.scrape("a 2\n");
    assert.equal(target.status.lastError, "target_limit exceeded (number of targets: 2, limit: 1)");
    assert.deepEqual(
      s.shown().filter((line) => line.startsWith("a ")),
      ["a 0:1 1:-"],
    );
  }));

test("what pages say about families is kept once", () =>
  scene("", async (s) => {
    await s.scrape("# HELP a Things.\n# TYPE a counter\na 1\n# TYPE b gauge\nb 2\n");
    assert.deepEqual(
      [...s.target().metadata],
      [
        ["a", { type: "counter", help: "Things.", unit: "" }],
        ["b", { type: "gauge", help: "", unit: "" }],
      ],
    );
    const before = s.target().metadata;
    await s.scrape("# HELP a Things.\n# TYPE a counter\na 1\n");
    assert.equal(s.target().metadata, before);
  }));

test("memory is given back", () =>
  scene("", async (s) => {
    const kernels = loadKernels(s.arena);
    const before = kernels.slabUsedBytes(s.slab);
    await s.scrape("a 1\nb 2\n");
    assert.ok(kernels.slabUsedBytes(s.slab) > before);
    await s.sync();
    await s.clock.advance(5 * intervalMs);
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(kernels.slabUsedBytes(s.slab), before);
  }));
