/**
 * Processor time per sample of a page whose lines did not change: from the chunks of the body to the batch,
 * without the storage, the network and the unpacking. `node --conditions=source
 * packages/scrape/scrape-append.bench.ts`
 */

import { decodeDocument } from "@narthex/config/decode";
import { parseYaml } from "@narthex/config/yaml-document";
import { PageMemory } from "@narthex/exposition/page-memory";
import { Arena } from "@narthex/kernel/arena";
import { loadKernels } from "@narthex/kernel/load";
import { Scratch } from "@narthex/kernel/scratch";
import { Labels } from "@narthex/model/labels";
import { silentLogger } from "@narthex/platform/logger";
import type { Appender } from "@narthex/storage/appender";
import { defaultGlobal } from "./global-config.ts";
import { MetadataTables } from "./metadata-table.ts";
import { ReportSeries } from "./report-series.ts";
import { ScrapeAppend } from "./scrape-append.ts";
import { resolveScrapeConfig, scrapeFileSection } from "./scrape-config.ts";
import { noScrapeMetrics } from "./scrape-metrics.ts";
import { ScrapeTemplate } from "./scrape-template.ts";

const seriesCount = 1_000;

function page(round: number): Uint8Array {
  const lines = Array.from({ length: seriesCount }, (_, i) => {
    const value =
      i % 4 === 0 ? i : i % 4 === 1 ? ((i * 7919 + round * 31) % 100_003) / 100 : i * 1_000 + round;
    return `http_requests_total{code="${200 + (i % 5)}",handler="/api/${i}",method="get"} ${value}`;
  });
  return new TextEncoder().encode(`${lines.join("\n")}\n`);
}

/** A storage that takes everything and keeps nothing. */
function sink(): Appender {
  let next = 1;
  return {
    resolve: () => next++,
    append: () => 0,
    appendColumns: () => 0,
    commit: () => Promise.resolve(),
    rollback: () => {},
  };
}

const [section] = decodeDocument(
  parseYaml("scrape_configs: [{job_name: j}]", "bench"),
  scrapeFileSection,
).scrape_configs;
if (section === undefined) throw new Error("the section is there");
const config = resolveScrapeConfig(section, defaultGlobal(), (path) => path);
const arena = Arena.create();
const memory = new PageMemory(arena, loadKernels(arena).slabCreate() >>> 0, new Scratch(arena));
const target = Labels.fromObject({ instance: "localhost:9100", job: "j" });
const pages = Array.from({ length: 16 }, (_, round) => page(round));

function measure(rounds: number, isFirst: boolean): number {
  const appender = sink();
  let append = scrape();
  const report = new ReportSeries(target, false);
  const before = process.cpuUsage();
  for (let i = 0; i < rounds; i++) {
    if (isFirst) {
      append.template.free();
      append = scrape();
    }
    const body = pages[i % pages.length] as Uint8Array;
    const answer = {
      status: 200,
      statusText: "200 OK",
      contentType: "text/plain",
      chunks: [body],
      sizeBytes: body.length,
      packed: null,
    };
    append.appendPage(appender, answer, i * 1_000, i * 1_000);
    report.append(appender, i * 1_000, {
      isUp: true,
      durationSeconds: 0.1,
      samplesScraped: seriesCount,
      samplesKept: seriesCount,
      seriesAdded: 0,
      timeoutSeconds: 10,
      sampleLimit: 0,
      bodyBytes: body.length,
    });
  }
  const { user, system } = process.cpuUsage(before);
  append.template.free();
  return (1_000 * (user + system)) / rounds / seriesCount;
}

function scrape(): ScrapeAppend {
  const template = new ScrapeTemplate(memory, new MetadataTables());
  return new ScrapeAppend(template, target, config, noScrapeMetrics, silentLogger);
}

measure(500, false);
console.log(`unchanged page of ${seriesCount} series: ${measure(20_000, false).toFixed(1)} ns per sample`);
measure(20, true);
console.log(`first page: ${measure(100, true).toFixed(0)} ns per sample`);
