/**
 * Pages that change at random, also to ones that fail, against a model of what must be stored: the samples of
 * good pages, and a marker for each series of a page that the next one does not have (before it fails).
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeDocument } from "@narthex/config/decode";
import { parseYaml } from "@narthex/config/yaml-document";
import { PageMemory } from "@narthex/exposition/page-memory";
import { Arena } from "@narthex/kernel/arena";
import { loadKernels } from "@narthex/kernel/load";
import { Scratch } from "@narthex/kernel/scratch";
import { Labels } from "@narthex/model/labels";
import { isStaleAt } from "@narthex/model/sample";
import { forSeeds } from "@narthex/platform/for-seeds";
import { silentLogger } from "@narthex/platform/logger";
import type { SeededRandom } from "@narthex/platform/random";
import { MemoryStorage } from "@narthex/storage/memory-storage";
import { SeriesBatch } from "@narthex/storage/series-batch";
import { defaultGlobal } from "./global-config.ts";
import { MetadataTables } from "./metadata-table.ts";
import { ScrapeAppend } from "./scrape-append.ts";
import { resolveScrapeConfig, scrapeFileSection } from "./scrape-config.ts";
import { noScrapeMetrics } from "./scrape-metrics.ts";
import { ScrapeTemplate } from "./scrape-template.ts";

const yaml =
  "scrape_configs: [{job_name: j, sample_limit: 8, metric_relabel_configs: [" +
  "{source_labels: [__name__], regex: 'drop.*', action: drop}]}]";
const [section] = decodeDocument(parseYaml(yaml, "f.yml"), scrapeFileSection).scrape_configs;
assert.ok(section !== undefined);
const config = resolveScrapeConfig(section, defaultGlobal(), (path) => path);
const target = Labels.fromObject({ job: "j" });

const arena = Arena.create();
const kernels = loadKernels(arena);
const slab = kernels.slabCreate() >>> 0;
const scratch = new Scratch(arena);
const memory = new PageMemory(arena, slab, scratch);

interface RandomPage {
  readonly text: string;
  readonly type: string;
  /** What must be stored, by name; null when the page must fail. */
  readonly samples: ReadonlyMap<string, number> | null;
  /** The series that come before the page fails, as far as the limit allows. */
  readonly met: readonly string[];
}

function randomPage(random: SeededRandom): RandomPage {
  const isOpen = random.below(6) === 0;
  const type = isOpen ? "application/openmetrics-text" : "text/plain";
  const names = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "drop_x", "drop_y"].filter(
    () => random.below(3) > 0,
  );
  if (random.below(3) === 0) names.reverse();
  let text = "";
  const samples = new Map<string, number>();
  for (const name of names) {
    const value = random.below(1_000);
    if (!isOpen && random.below(8) === 0) text += `# TYPE ${name} gauge\n`;
    text += `${name} ${value}\n`;
    if (!name.startsWith("drop")) samples.set(name, value);
  }
  const met = [...samples.keys()].slice(0, 8);
  if (random.below(12) === 0) return { text: "", type, samples: new Map(), met: [] };
  if (random.below(8) === 0) return { text: `${text}broken{\n`, type, samples: null, met };
  if (random.below(10) === 0)
    return { text: `${text}{a="1"} 1\n${isOpen ? "# EOF\n" : ""}`, type, samples: null, met };
  const isOver = samples.size > 8;
  return { text: `${text}${isOpen ? "# EOF\n" : ""}`, type, samples: isOver ? null : samples, met };
}

/** `name time:value …` of all that is stored. */
function stored(storage: MemoryStorage): string[] {
  const querier = storage.querier();
  const found = querier.select({ minTimeMs: 0, maxTimeMs: 1e6, matchers: [] });
  const batch = new SeriesBatch();
  const lines: string[] = [];
  const mark = scratch.mark();
  for (let i = 0; i < found.count; i++) {
    found.read(i, 1, batch, scratch);
    const samples = Array.from({ length: batch.count[0] as number }, (_, at) => {
      const valueAt = (batch.valuesAt[0] as number) / 8 + at;
      const time = arena.f64[(batch.timesAt[0] as number) / 8 + at];
      return `${time}:${isStaleAt(arena.f64, valueAt) ? "-" : arena.f64[valueAt]}`;
    });
    lines.push([querier.symbols.text(found.labelIds[4 * i + 1] as number), ...samples].join(" "));
  }
  scratch.release(mark);
  return lines;
}

test("what is stored is what the model says", () =>
  forSeeds(400, (random) => {
    const storage = new MemoryStorage();
    const usedBefore = kernels.slabUsedBytes(slab);
    const template = new ScrapeTemplate(memory, new MetadataTables());
    const append = new ScrapeAppend(template, target, config, noScrapeMetrics, silentLogger);
    const model = new Map<string, string[]>();
    const note = (name: string, text: string) => model.set(name, [...(model.get(name) ?? []), text]);
    let live: readonly string[] = [];
    let page = randomPage(random);
    for (let timeMs = 1; timeMs <= 12; timeMs++) {
      if (random.below(3) > 0) page = randomPage(random);
      const bytes = new TextEncoder().encode(page.text);
      const answer = {
        status: 200,
        statusText: "",
        contentType: page.type,
        chunks: [bytes],
        sizeBytes: bytes.length,
        packed: null,
      };
      let appender = storage.appender();
      let failed = false;
      try {
        append.appendPage(appender, answer, timeMs, timeMs);
      } catch {
        failed = true;
        appender.rollback();
        appender = storage.appender();
        append.appendNothing(appender, timeMs);
      }
      void appender.commit();
      assert.equal(failed, page.samples === null, page.text);
      const samples = page.samples ?? new Map<string, number>();
      const stays = failed ? page.met : [...samples.keys()];
      for (const name of live) if (!stays.includes(name)) note(name, `${timeMs}:-`);
      for (const [name, value] of samples) note(name, `${timeMs}:${value}`);
      live = stays;
    }
    const want = [...model].map(([name, samples]) => [name, ...samples].join(" ")).toSorted();
    assert.deepEqual(stored(storage), want);
    append.template.free();
    assert.equal(kernels.slabUsedBytes(slab), usedBefore, "all memory is given back");
  }));
