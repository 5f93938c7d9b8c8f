/**
 * What reaches the storage from pages of every format: histograms by the job's settings, exemplars, start
 * times.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeDocument } from "@narthex/config/decode";
import { parseYaml } from "@narthex/config/yaml-document";
import { PageMemory } from "@narthex/exposition/page-memory";
import { ProtobufWriter } from "@narthex/bytes/protobuf-writer";
import { Arena } from "@narthex/kernel/arena";
import { loadKernels } from "@narthex/kernel/load";
import { Scratch } from "@narthex/kernel/scratch";
import { Labels } from "@narthex/model/labels";
import { isStaleAt } from "@narthex/model/sample";
import { silentLogger } from "@narthex/platform/logger";
import { AppendResult, ExemplarResult } from "@narthex/storage/append-result";
import type { Appender } from "@narthex/storage/appender";
import { defaultGlobal } from "./global-config.ts";
import { MetadataTables } from "./metadata-table.ts";
import { FailedPageError, type PageCounts } from "./page-failure.ts";
import { ScrapeAppend } from "./scrape-append.ts";
import { resolveScrapeConfig, scrapeFileSection, type ScrapeConfig } from "./scrape-config.ts";
import { noScrapeMetrics } from "./scrape-metrics.ts";
import { noScrapeFeatures, ScrapeTemplate, type ScrapeFeatures } from "./scrape-template.ts";

const arena = Arena.create();
const slab = loadKernels(arena).slabCreate() >>> 0;
const memory = new PageMemory(arena, slab, new Scratch(arena));

function job(options: string): ScrapeConfig {
  const yaml = `scrape_configs: [{job_name: j, ${options}}]`;
  const [section] = decodeDocument(parseYaml(yaml, "f.yml"), scrapeFileSection).scrape_configs;
  assert.ok(section !== undefined);
  return resolveScrapeConfig(section, defaultGlobal(), (path) => path);
}

/** A storage that writes down what it is given, and takes everything. */
class Journal {
  readonly #names = new Map<string, number>();
  readonly #labels: string[] = [""];
  lines: string[] = [];

  appender(): Appender {
    const note = (ref: number, text: string): AppendResult => {
      this.lines.push(`${this.#labels[ref]} ${text}`);
      return AppendResult.Accepted;
    };
    return {
      resolve: (labels) => this.#resolve(labels.toString()),
      append: (ref, timeMs, value) => note(ref, `${timeMs} ${value}`),
      appendWithStart: (ref, timeMs, value, startMs) => note(ref, `${timeMs} ${value} from ${startMs}`),
      appendHistogram: (ref, timeMs, histogram, startMs = 0) =>
        note(ref, `${timeMs} ${histogram.toString()}${startMs === 0 ? "" : ` from ${startMs}`}`),
      appendExemplar: (ref, { labels, value, timeMs }) => {
        note(ref, `exemplar ${labels.toString()} ${timeMs} ${value}`);
        return ExemplarResult.Accepted;
      },
      appendColumns: (refs, timeMs, values, count, results) => {
        for (let i = 0; i < count; i++) {
          results[i] = AppendResult.Accepted;
          if (refs[i] !== 0) note(refs[i] as number, `${timeMs} ${isStaleAt(values, i) ? "-" : values[i]}`);
        }
        return 0;
      },
      commit: () => Promise.resolve(),
      rollback: () => {
        this.lines = [];
      },
    };
  }

  #resolve(text: string): number {
    const known = this.#names.get(text);
    if (known !== undefined) return known;
    this.#names.set(text, this.#labels.length);
    return this.#labels.push(text) - 1;
  }
}

/** A target that is scraped at 1000, 2000, … */
class Scraped {
  readonly #journal = new Journal();
  readonly #append: ScrapeAppend;
  #timeMs = 0;
  counts: PageCounts | null = null;

  constructor(options: string, features: ScrapeFeatures = noScrapeFeatures) {
    const template = new ScrapeTemplate(memory, new MetadataTables(), features);
    this.#append = new ScrapeAppend(
      template,
      Labels.fromObject({}),
      job(options),
      noScrapeMetrics,
      silentLogger,
    );
  }

  get metadata(): unknown {
    return Object.fromEntries(this.#append.template.metadata);
  }

  /** What is stored of a page, sorted. */
  page(contentType: string, page: string | Uint8Array): string[] {
    const bytes = typeof page === "string" ? new TextEncoder().encode(page) : page;
    const answer = { status: 200, statusText: "", chunks: [bytes], sizeBytes: bytes.length, packed: null };
    this.#timeMs += 1_000;
    this.#journal.lines = [];
    const appender = this.#journal.appender();
    this.counts = this.#append.appendPage(appender, { ...answer, contentType }, this.#timeMs, this.#timeMs);
    return this.#journal.lines.toSorted();
  }

  /** Why a page fails. */
  failure(contentType: string, page: string | Uint8Array): string {
    try {
      this.page(contentType, page);
    } catch (error) {
      assert.ok(error instanceof FailedPageError);
      const { scraped, kept, added } = error.counts;
      return `${error.message} (${scraped} ${kept} ${added})`;
    }
    return "";
  }
}

const protobuf =
  "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited";

/** A histogram `h` with the label a="b", classic buckets 1 and +Inf, and native buckets of schema 1. */
function histogramPage(
  count: number,
  parts: { classic?: boolean; native?: boolean },
  buckets = 2,
): Uint8Array {
  const writer = new ProtobufWriter();
  const family = writer.openDelimited();
  writer.string(1, "h");
  writer.uint(3, 4);
  const metric = writer.open(4);
  const label = writer.open(1);
  writer.string(1, "a");
  writer.string(2, "b");
  writer.close(label);
  const histogram = writer.open(7);
  writer.uint(1, count);
  writer.double(2, 3);
  if (parts.classic === true) {
    for (const bound of [1, Infinity]) {
      const bucket = writer.open(3);
      writer.uint(1, count);
      writer.double(2, bound);
      writer.close(bucket);
    }
  }
  if (parts.native === true) {
    writer.sint(5, 1);
    writer.double(6, 0.25);
    const span = writer.open(12);
    writer.sint(1, 0);
    writer.uint(2, buckets);
    writer.close(span);
    writer.sint(13, count);
    for (let i = 1; i < buckets; i++) writer.sint(13, i === 1 ? -count : 0);
  }
  const start = writer.open(15);
  writer.uint(1, 1);
  writer.close(start);
  writer.close(histogram);
  writer.close(metric);
  writer.close(family);
  return writer.view().slice();
}

const native = '{__name__="h", a="b"} 1000 {count:5, sum:3, (0.7071067811865475,1]:5}';
const custom = '{__name__="h", a="b"} 1000 {count:5, sum:3, [-Inf,1]:5}';
const classic = [
  '{__name__="h_bucket", a="b", le="+Inf"} 1000 5',
  '{__name__="h_bucket", a="b", le="1.0"} 1000 5',
  '{__name__="h_count", a="b"} 1000 5',
  '{__name__="h_sum", a="b"} 1000 3',
];

test("which histograms are stored", () => {
  const on = "scrape_native_histograms: true";
  const always = "always_scrape_classic_histograms: true";
  const convert = "convert_classic_histograms_to_nhcb: true";
  const is = (options: string, parts: { classic?: boolean; native?: boolean }, want: string[]) =>
    assert.deepEqual(new Scraped(options).page(protobuf, histogramPage(5, parts)), want.toSorted(), options);
  const both = { classic: true, native: true };
  is("", { classic: true }, classic);
  is("", { native: true }, [classic[0], classic[2], classic[3]] as string[]);
  is("", both, classic);
  is(on, both, [native]);
  is(on, { native: true }, [native]);
  is(on, { classic: true }, classic);
  is(`${on}, ${always}`, both, [native, ...classic]);
  is(convert, both, [custom]);
  is(`${convert}, ${always}`, both, [custom, ...classic]);
  is(`${on}, ${convert}`, both, [native]);
  is(`${on}, ${convert}`, { classic: true }, [custom]);
});

test("the same page again needs no labels, and a page without the series a marker", () => {
  const target = new Scraped("scrape_native_histograms: true");
  target.page(protobuf, histogramPage(5, { native: true }));
  assert.equal(target.counts?.added, 1);
  assert.deepEqual(target.page(protobuf, histogramPage(6, { native: true })), [
    '{__name__="h", a="b"} 2000 {count:6, sum:3, (0.7071067811865475,1]:6}',
  ]);
  assert.deepEqual(target.counts, { scraped: 1, kept: 1, added: 0 });
  assert.deepEqual(target.page("text/plain", "x 1\n"), [
    '{__name__="h", a="b"} 3000 -',
    '{__name__="x"} 3000 1',
  ]);
  assert.deepEqual(target.page(protobuf, histogramPage(7, { native: true })), [
    '{__name__="h", a="b"} 4000 {count:7, sum:3, (0.7071067811865475,1]:7}',
    '{__name__="x"} 4000 -',
  ]);
});

test("limits of native histograms", () => {
  const page = histogramPage(5, { native: true }, 6);
  const failure = (options: string) =>
    new Scraped(`scrape_native_histograms: true, ${options}`).failure(protobuf, page);
  assert.equal(failure("native_histogram_bucket_limit: 6"), "");
  assert.equal(failure("native_histogram_bucket_limit: 1"), "");
  const custom =
    '# TYPE h histogram\nh_bucket{le="1"} 1\nh_bucket{le="2"} 2\nh_bucket{le="+Inf"} 3\nh_count 3\n';
  const limited = new Scraped("convert_classic_histograms_to_nhcb: true, native_histogram_bucket_limit: 2");
  assert.equal(limited.failure("text/plain", custom), "histogram bucket limit exceeded (1 1 0)");
  const coarse = new Scraped("scrape_native_histograms: true, native_histogram_min_bucket_factor: 2");
  assert.deepEqual(coarse.page(protobuf, histogramPage(5, { native: true })), [
    '{__name__="h", a="b"} 1000 {count:5, sum:3, (0.5,1]:5}',
  ]);
});

const openMetrics = "application/openmetrics-text; version=1.0.0";

test("exemplars, with the sample's time when they have none", () => {
  const target = new Scraped("");
  const page = (n: number) =>
    `# TYPE a counter\na_total ${n} # {t="x"} 0.5 1.5\nb_total ${n} # {t="y"} 2\n# EOF\n`;
  for (const [n, time] of [
    [1, 1000],
    [2, 2000],
  ] as const) {
    assert.deepEqual(target.page(openMetrics, page(n)), [
      `{__name__="a_total"} ${time} ${n}`,
      `{__name__="a_total"} exemplar {t="x"} 1500 0.5`,
      `{__name__="b_total"} ${time} ${n}`,
      `{__name__="b_total"} exemplar {t="y"} ${time} 2`,
    ]);
  }
});

test("start times reach the storage when it is to have them", () => {
  const page = "# TYPE a counter\na_total 5\na_created 0.5\n# TYPE b gauge\nb 1\n# EOF\n";
  assert.deepEqual(new Scraped("").page(openMetrics, page), [
    '{__name__="a_created"} 1000 0.5',
    '{__name__="a_total"} 1000 5',
    '{__name__="b"} 1000 1',
  ]);
  const features = { startTimestamps: true, typeAndUnitLabels: false };
  assert.deepEqual(new Scraped("", features).page(openMetrics, page), [
    '{__name__="a_total"} 1000 5 from 500',
    '{__name__="b"} 1000 1',
  ]);
  const target = new Scraped("scrape_native_histograms: true", features);
  assert.deepEqual(target.page(protobuf, histogramPage(5, { native: true })), [`${native} from 1000`]);
});

test("labels that say type and unit", () => {
  const features = { startTimestamps: false, typeAndUnitLabels: true };
  const page = '# TYPE a_s gauge\n# UNIT a_s s\na_s{__type__="x",b="c"} 1\n# EOF\n';
  const target = new Scraped("", features);
  assert.deepEqual(target.page(openMetrics, page), [
    '{__name__="a_s", __type__="gauge", __unit__="s", b="c"} 1000 1',
  ]);
  assert.deepEqual(target.metadata, { a_s: { type: "gauge", help: "", unit: "s" } });
});

test("the first problem of a page fails it, and what came before is counted", () => {
  const is = (page: string, want: string, options = "") =>
    assert.equal(new Scraped(options).failure("text/plain", page), want);
  const got = 'expected value after metric, got "\\n" ("INVALID") while parsing: "b\\n"';
  is("a 1\nb\n", `${got} (1 1 1)`);
  is('a{b="1",b="2"} 1\nb\n', 'label name "b" is not unique: invalid sample (1 0 0)');
  is("a 1\nb 1\nc 1\n", "sample limit exceeded (3 3 2)", "sample_limit: 2");
  const target = new Scraped("");
  assert.equal(target.failure("text/plain", "a 1\nb\n"), `${got} (1 1 1)`);
  assert.equal(target.failure("text/plain", "a 1\nb\n"), `${got} (1 1 0)`);
  target.page("text/plain", "a 1\na 2\nb 3\n");
  assert.deepEqual(target.counts, { scraped: 3, kept: 3, added: 1 });
});
