import assert from "node:assert/strict";
import { test } from "node:test";
import { Arena } from "@narthex/kernel/arena";
import { Scratch } from "@narthex/kernel/scratch";
import { LabelMatcher, type MatchKind } from "@narthex/model/label-matcher";
import { Labels } from "@narthex/model/labels";
import { isStaleAt, writeStaleMarker } from "@narthex/model/sample";
import { AppendResult } from "@narthex/storage/append-result";
import { QuerySymbols } from "@narthex/storage/query-symbols";
import type { Querier } from "@narthex/storage/querier";
import { SeriesBatch } from "@narthex/storage/series-batch";
import { Head } from "./head.ts";
import { truncateHead } from "./head-truncation.ts";
import { openHeadQuerier } from "./head-querier.ts";

const hourMs = 3_600_000;
const startMs = 1_700_000_000_000;

function newHead(): Head {
  return new Head(Arena.create(), { chunkRangeMs: 2 * hourMs, samplesPerChunk: 120 });
}

function labels(text: string): Labels {
  return Labels.from(text.split(",").map((pair) => pair.split("=") as [string, string]));
}

function query(head: Head): Querier {
  return openHeadQuerier(head.reader, 0, new QuerySymbols());
}

function matcher(text: string): LabelMatcher {
  const parts = /^(\w+)(=~|!~|!=|=)(.*)$/u.exec(text) as unknown as [string, string, MatchKind, string];
  return new LabelMatcher(parts[2], parts[1], parts[3]);
}

/** Series as `{labels: [[time, value], …]}`, read through the contract. */
function dump(querier: Querier, matchers: string[], fromMs = 0, toMs = 2 ** 50): Record<string, number[][]> {
  const set = querier.select({ minTimeMs: fromMs, maxTimeMs: toMs, matchers: matchers.map(matcher) });
  const batch = new SeriesBatch();
  const { arena } = scratch;
  const found: Record<string, number[][]> = {};
  for (let first = 0; first < set.count;) {
    const got = set.read(first, set.count, batch, scratch);
    for (let i = 0; i < got; i++) {
      const ids = set.labelIds.subarray(set.labelEnds[first + i - 1] ?? 0, set.labelEnds[first + i]);
      const name = [...ids].map((id) => querier.symbols.text(id)).join(" ");
      const times = arena.f64.subarray(batch.timesAt[i] >>> 3, (batch.timesAt[i] >>> 3) + batch.count[i]);
      const values = arena.f64.subarray(batch.valuesAt[i] >>> 3, (batch.valuesAt[i] >>> 3) + batch.count[i]);
      found[name] = [...times].map((time, k) => [time - startMs, values[k]]);
    }
    first += got;
  }
  return found;
}

let scratch: Scratch;
function started(): Head {
  const head = newHead();
  scratch = new Scratch(head.arena);
  return head;
}

test("what is committed is read, what is rolled back is not", async () => {
  const head = started();
  const batch = head.appender();
  const a = batch.resolve(labels("__name__=m,i=1"));
  const b = batch.resolve(labels("__name__=m,i=2"));
  assert.notEqual(a, b);
  assert.equal(batch.resolve(labels("__name__=m,i=1")), a);
  assert.equal(batch.append(a, startMs, 1), AppendResult.Accepted);
  assert.equal(batch.append(b, startMs + 1, 2.5), AppendResult.Accepted);
  await batch.commit();
  const undone = head.appender();
  undone.append(a, startMs + 10, 7);
  undone.rollback();
  const querier = query(head);
  assert.deepEqual(dump(querier, ["__name__=m"]), {
    "__name__ m i 1": [[0, 1]],
    "__name__ m i 2": [[1, 2.5]],
  });
  assert.deepEqual(dump(querier, ["i=~2|3"]), { "__name__ m i 2": [[1, 2.5]] });
  assert.deepEqual(dump(querier, ["__name__=m", "i!=1"]), { "__name__ m i 2": [[1, 2.5]] });
  assert.deepEqual(dump(querier, ["__name__=m", "i!~.*"]), {});
  assert.deepEqual(dump(querier, ["__name__=m", "x="]), dump(querier, ["__name__=m"]));
  assert.deepEqual(dump(querier, ["__name__=other"]), {});
  assert.deepEqual(querier.labelValues("i", [], 0).strings, ["1", "2"]);
  assert.deepEqual(querier.labelNames([], 0).strings, ["__name__", "i"]);
  assert.deepEqual(querier.labelValues("i", [matcher("i!=1")], 0).strings, ["2"]);
  assert.deepEqual(querier.labelValues("i", [], 1), {
    strings: ["1"],
    warnings: ["results truncated due to limit"],
  });
  querier.close();
});

test("verdicts", async () => {
  const head = started();
  const batch = head.appender();
  const ref = batch.resolve(labels("__name__=m"));
  batch.append(ref, startMs, 1);
  await batch.commit();
  const next = head.appender();
  assert.equal(next.append(ref, startMs, 1), AppendResult.Accepted, "the same again");
  assert.equal(next.append(ref, startMs, 2), AppendResult.Duplicate);
  assert.equal(next.append(ref, startMs - 1, 2), AppendResult.OutOfOrder);
  assert.equal(next.append(ref, startMs - hourMs - 1, 2), AppendResult.OutOfBounds);
  assert.equal(next.append(ref + 1, startMs + 1, 2), AppendResult.UnknownSeries);
  await next.commit();
  const querier = query(head);
  assert.deepEqual(dump(querier, ["__name__=m"]), { "__name__ m": [[0, 1]] });
  querier.close();
});

test("a staleness marker keeps its bits through columns", async () => {
  const head = started();
  const batch = head.appender();
  const ref = batch.resolve(labels("__name__=m"));
  const values = Float64Array.of(3);
  batch.appendColumns(Uint32Array.of(ref), startMs, values, 1, new Uint8Array(1));
  writeStaleMarker(values, 0);
  batch.appendColumns(Uint32Array.of(ref), startMs + 5, values, 1, new Uint8Array(1));
  await batch.commit();
  const querier = query(head);
  const set = querier.select({ minTimeMs: 0, maxTimeMs: 2 ** 50, matchers: [matcher("__name__=m")] });
  const columns = new SeriesBatch();
  set.read(0, 1, columns, scratch);
  assert.equal(columns.count[0], 2);
  assert.equal(columns.staleCount[0], 1);
  assert.ok(isStaleAt(head.arena.f64, (columns.valuesAt[0] >>> 3) + 1));
  const latest = { timesMs: new Float64Array(1), values: new Float64Array(1), records: new Uint32Array(1) };
  assert.ok(set.readLatest(0, 1, startMs + 100, latest));
  assert.equal(latest.timesMs[0], startMs + 5);
  assert.ok(isStaleAt(latest.values, 0));
  querier.close();
});

test("a querier shows no later commit", async () => {
  const head = started();
  const first = head.appender();
  const ref = first.resolve(labels("__name__=m"));
  for (let i = 0; i < 500; i++) first.append(ref, startMs + i, i);
  await first.commit();
  const querier = query(head);
  const later = head.appender();
  for (let i = 500; i < 1_000; i++) later.append(ref, startMs + i, i);
  await later.commit();
  const found = dump(querier, ["__name__=m"])["__name__ m"];
  assert.equal(found.length, 500);
  assert.deepEqual(found.at(-1), [499, 499]);
  querier.close();
  const fresh = query(head);
  assert.equal(dump(fresh, ["__name__=m"])["__name__ m"].length, 1_000);
  assert.equal(dump(fresh, ["__name__=m"], startMs + 100, startMs + 199)["__name__ m"].length, 100);
  fresh.close();
});

test("truncation removes what lies before the floor, and nothing else", async () => {
  const head = started();
  const batch = head.appender();
  for (let i = 0; i < 300; i++) {
    const ref = batch.resolve(labels(`__name__=m,i=${i},old=${i < 100 ? "yes" : "no"}`));
    batch.append(ref, startMs + i, i);
  }
  await batch.commit();
  const later = head.appender();
  for (let i = 100; i < 300; i++) {
    later.append(later.resolve(labels(`__name__=m,i=${i},old=no`)), startMs + 7 * hourMs, i);
  }
  await later.commit();
  const inside = query(head);
  const before = inside.select({ minTimeMs: 0, maxTimeMs: 2 ** 50, matchers: [matcher("old=yes")] });
  let pauses = 0;
  const result = await truncateHead(
    head,
    startMs + 6 * hourMs,
    () => true,
    async () => {
      pauses++;
      await Promise.resolve();
    },
  );
  assert.deepEqual(result, { chunksRemoved: 300, seriesRemoved: 100 });
  assert.ok(pauses > 0);
  assert.equal(head.seriesCount, 200);
  assert.equal(head.chunkCount, 200);
  // A reader that was inside still reads what it had found.
  const columns = new SeriesBatch();
  assert.equal(before.read(0, 1, columns, scratch), 1);
  assert.equal(columns.count[0], 1);
  inside.close();
  const querier = query(head);
  assert.deepEqual(dump(querier, ["old=yes"]), {});
  assert.deepEqual(querier.labelValues("old", [], 0).strings, ["no"]);
  assert.equal(querier.labelValues("i", [], 0).strings.length, 200);
  assert.deepEqual(dump(querier, ["i=150"]), { "__name__ m i 150 old no": [[7 * hourMs, 150]] });
  querier.close();
  // The same labels come back as another series.
  const again = head.appender();
  const ref = again.resolve(labels("__name__=m,i=5,old=yes"));
  assert.equal(ref, 301);
  again.append(ref, startMs + 7 * hourMs, 1);
  await again.commit();
  const last = query(head);
  assert.deepEqual(dump(last, ["old=yes"]), { "__name__ m i 5 old yes": [[7 * hourMs, 1]] });
  last.close();
});
