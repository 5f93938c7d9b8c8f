/**
 * A template reads every page as the parser does: same verdict, same series, same values, however pages
 * change; and its kernel goes as far as the definition.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Arena } from "@narthex/kernel/arena";
import { loadKernels } from "@narthex/kernel/load";
import { Scratch } from "@narthex/kernel/scratch";
import { forSeeds } from "@narthex/platform/for-seeds";
import type { SeededRandom } from "@narthex/platform/random";
import { parserFor, type LineFormat } from "./content-type.ts";
import { ExpositionError } from "./exposition-parser.ts";
import { diffPage, splitPage } from "./page-diff.ts";
import { PageMemory } from "./page-memory.ts";
import { PageTemplate } from "./page-template.ts";

const arena = Arena.create();
const kernels = loadKernels(arena);
const slab = kernels.slabCreate() >>> 0;
const memory = new PageMemory(arena, slab, new Scratch(arena));
const pageAt = arena.allocatePages(1_048_576);

/** Puts a page at varying addresses into the arena, with noise behind it. */
function place(page: Uint8Array, random: SeededRandom): number {
  const at = pageAt + random.below(40);
  const bytes = arena.u8;
  bytes.set(page, at);
  for (let i = 0; i < 40; i++) bytes[at + page.length + i] = random.below(3) === 0 ? 49 : random.below(256);
  return at;
}

interface Row {
  readonly labels: string;
  readonly value: number;
  readonly timeMs: number | null;
}

function parse(format: LineFormat, page: Uint8Array): Row[] | string {
  if (page.length === 0) return [];
  const rows: Row[] = [];
  const parser = parserFor(format, page);
  try {
    for (let entry = parser.next(); entry !== "end"; entry = parser.next()) {
      if (entry !== "series") continue;
      rows.push({ labels: parser.labelPairs().join("|"), value: parser.value, timeMs: parser.timeMs });
    }
  } catch (cause) {
    if (cause instanceof ExpositionError) return cause.message;
    throw cause;
  }
  return rows;
}

function rowsOf(template: PageTemplate, labels: readonly string[]): Row[] {
  return labels.map((text, i) => {
    const timeMs = template.timesAt === 0 ? NaN : arena.f64[template.timesAt / 8 + i];
    const value = arena.f64[template.valuesAt / 8 + i];
    if (value !== value) {
      const at = template.valuesAt / 4 + 2 * i;
      assert.deepEqual([...arena.u32.subarray(at, at + 2)], [1, 0x7ff80000], "a NaN is the ordinary one");
    }
    return { labels: text, value, timeMs: timeMs === timeMs ? timeMs : null };
  });
}

/** A target's scraper: refs are numbers of label texts, so that a wrong ref shows. */
class Reader {
  readonly template: PageTemplate;
  readonly series: string[] = ["none"];
  matches = 0;

  constructor(format: LineFormat) {
    this.template = new PageTemplate(memory, format);
  }

  read(page: Uint8Array, random: SeededRandom): Row[] | string {
    const at = place(page, random);
    try {
      if (this.template.match(at, page.length)) this.matches++;
      else this.#learn(at, page.length);
    } catch (cause) {
      if (cause instanceof ExpositionError) return cause.message;
      throw cause;
    }
    const refs = arena.u32.subarray(
      this.template.refsAt / 4,
      this.template.refsAt / 4 + this.template.sampleCount,
    );
    return rowsOf(
      this.template,
      [...refs].map((ref) => this.series[ref]),
    );
  }

  #learn(at: number, sizeBytes: number): void {
    const before = this.template.sampleCount;
    const { fresh, gone } = this.template.learn(at, sizeBytes);
    assert.ok(gone.length <= before, "no more is gone than there was");
    for (const row of fresh) {
      this.series.push(this.template.labelPairs(row).join("|"));
      arena.u32[this.template.refsAt / 4 + row] = this.series.length - 1;
    }
  }
}

const values = [
  "0",
  "1",
  "17",
  "-3.5",
  "1.5e-7",
  "NaN",
  "+Inf",
  "0.1234567890123456",
  "1e300",
  "12345678901234567890123",
  "nan",
  "9007199254740993",
  ".5",
  "5.",
  "Infinity",
];

function pick<T>(random: SeededRandom, list: readonly T[]): T {
  return list[random.below(list.length)];
}

function sampleLine(random: SeededRandom, key: string, format: LineFormat, times: boolean): string {
  const time = times && random.below(2) === 0 ? ` ${random.below(1e9)}${format === "text" ? "" : ".25"}` : "";
  const exemplar = format === "openmetrics" && random.below(12) === 0 ? ' # {t="x y"} 1 2.5' : "";
  return `${key} ${pick(random, values)}${time}${exemplar}\n`;
}

/** Lines without values: families with their TYPE and HELP lines, and keys. */
function layout(random: SeededRandom): string[] {
  const lines: string[] = [];
  for (let family = random.below(5); family >= 0; family--) {
    const name = `family_${random.below(9)}`;
    const type = pick(random, ["gauge", "counter", "histogram", "summary"]);
    if (random.below(3) > 0) lines.push(`# HELP ${name} About it.`);
    if (random.below(4) > 0) lines.push(`# TYPE ${name} ${type}`);
    for (let i = random.below(6); i >= 0; i--) {
      const label = pick(random, [
        'le="1"',
        'quantile="0.5"',
        'le="+Inf"',
        'a="x\\"}{# "',
        `i="${random.below(4)}"`,
      ]);
      lines.push(pick(random, [name, `${name}_total`, `${name}{${label}}`, `${name}{${label},b="c"}`]));
    }
  }
  return lines;
}

function write(
  random: SeededRandom,
  lines: readonly string[],
  format: LineFormat,
  times: boolean,
): Uint8Array {
  const body = lines.map((line) =>
    line.startsWith("#") ? `${line}\n` : sampleLine(random, line, format, times),
  );
  return new TextEncoder().encode(body.join("") + (format === "openmetrics" ? "# EOF\n" : ""));
}

/** Inserts, removes, moves and swaps lines. */
function rearrange(random: SeededRandom, lines: readonly string[]): string[] {
  const changed = [...lines];
  for (let i = random.below(4); i > 0; i--) {
    const at = random.below(changed.length);
    const [line] = changed.splice(at, random.below(3));
    if (random.below(2) === 0)
      changed.splice(random.below(changed.length + 1), 0, ...(line ? [line] : layout(random)));
  }
  return changed;
}

function damage(random: SeededRandom, page: Uint8Array): Uint8Array {
  const bytes = page.slice(0, random.below(3) === 0 ? random.below(page.length + 1) : page.length);
  for (let i = random.below(3); i > 0 && bytes.length > 0; i--) {
    bytes[random.below(bytes.length)] = pick(random, [
      0,
      10,
      32,
      34,
      35,
      48,
      65,
      92,
      123,
      125,
      255,
      random.below(256),
    ]);
  }
  return bytes;
}

for (const format of ["text", "openmetrics"] as const) {
  test(`${format}: pages that change in every way read as the parser reads them`, () => {
    let matches = 0;
    forSeeds(1_500, (random) => {
      const reader = new Reader(format);
      const times = random.below(3) === 0;
      let lines = layout(random);
      for (let scrape = 0; scrape < 8; scrape++) {
        if (random.below(3) === 0) lines = rearrange(random, lines);
        let page = write(random, lines, format, times);
        if (random.below(3) === 0) page = damage(random, page);
        assert.deepEqual(
          reader.read(page, random),
          parse(format, page),
          JSON.stringify(Buffer.from(page).toString()),
        );
      }
      matches += reader.matches;
      reader.template.free();
    });
    assert.ok(matches > 2_000, `pages were matched ${matches} times`);
    assert.equal(kernels.slabUsedBytes(slab), 0, "freed templates hold nothing");
  });

  test(`${format}: the kernel matches when the definition does`, () =>
    forSeeds(2_000, (random) => {
      const lines = layout(random);
      const first = write(random, lines, format, false);
      let second = write(random, lines, format, false);
      if (random.below(2) === 0) second = damage(random, second);
      const template = new PageTemplate(memory, format);
      template.learn(place(first, random), first.length);
      const outcome = (read: () => unknown): unknown => {
        try {
          return read();
        } catch (cause) {
          if (cause instanceof ExpositionError) return cause.message;
          throw cause;
        }
      };
      const defined = outcome(() => {
        const diff = diffPage(format, first, splitPage(format, first), second);
        return diff.equal && diff.times.every((time) => time === null) ? diff.values : "other";
      });
      const at = place(second, random);
      const got = outcome(() => {
        if (!template.match(at, second.length)) return "other";
        return Array.from({ length: template.sampleCount }, (_, i) => arena.f64[template.valuesAt / 8 + i]);
      });
      template.free();
      if (got === "other" && typeof defined === "string") return; // then `learn` reads it, see above
      assert.deepEqual(got, defined, JSON.stringify(Buffer.from(second).toString()));
    }));
}
