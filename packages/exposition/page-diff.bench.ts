/**
 * Cost per line of reading a page: by the kernel beside the last page, by `learn` after a change, and by the
 * parser. 10 000 sample lines of about 130 bytes, a quarter of the values with 17 digits.
 */

import { Arena } from "@narthex/kernel/arena";
import { loadKernels } from "@narthex/kernel/load";
import { Scratch } from "@narthex/kernel/scratch";
import { SeededRandom } from "@narthex/platform/random";
import { PageMemory } from "./page-memory.ts";
import { PageTemplate } from "./page-template.ts";
import { TextParser } from "./text-parser.ts";

const lineCount = 10_000;
const random = new SeededRandom(1);

function page(first: number): Uint8Array {
  const lines: string[] = [];
  for (let i = first; i < first + lineCount; i++) {
    if (i % 10 === 0)
      lines.push(`# HELP http_requests_${i}_total Requests.\n# TYPE http_requests_${i}_total counter\n`);
    const value = i % 4 === 0 ? random.next() * 100 : random.below(100_000);
    const name = `http_requests_${i - (i % 10)}_total`;
    lines.push(
      `${name}{method="GET",handler="/api/v1/query_range/${i}",code="200",instance="10.0.0.1:9090",` +
        `zone="europe-west-${i % 3}"} ${value}\n`,
    );
  }
  return new TextEncoder().encode(lines.join(""));
}

const arena = Arena.create(64 * 1_048_576);
const kernels = loadKernels(arena);
const memory = new PageMemory(arena, kernels.slabCreate() >>> 0, new Scratch(arena));
const pages = [page(0), page(0), page(5)];
const addresses = pages.map((bytes) => {
  const at = arena.allocatePages(bytes.length + 64);
  arena.u8.set(bytes, at);
  return at;
});
const template = new PageTemplate(memory, "text");
template.learn(addresses[0], pages[0].length);
const changing = new PageTemplate(memory, "text");

let turn = 0;

/** For tools/micro-bench.ts: time per sample line. */
export const cases = {
  "match: all keys equal": { run: match, operations: lineCount },
  "learn: ten lines of ten thousand are new": { run: relearn, operations: lineCount },
  "learn: nothing is known": { run: learn, operations: lineCount },
  "parser, without labels": { run: parse, operations: lineCount },
  "parser, with labels": { run: parseLabels, operations: lineCount },
};

function match(): void {
  if (!template.match(addresses[1], pages[1].length)) throw new Error("the page is not matched");
}

function relearn(): void {
  turn = turn === 0 ? 2 : 0;
  changing.learn(addresses[turn], pages[turn].length);
}

function learn(): void {
  const fresh = new PageTemplate(memory, "text");
  fresh.learn(addresses[0], pages[0].length);
  fresh.free();
}

function parse(): void {
  const parser = new TextParser(pages[0]);
  while (parser.next() !== "end");
}

function parseLabels(): void {
  const parser = new TextParser(pages[0]);
  for (let entry = parser.next(); entry !== "end"; entry = parser.next()) {
    if (entry === "series") parser.labelPairs();
  }
}
