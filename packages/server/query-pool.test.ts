import assert from "node:assert/strict";
import { test } from "node:test";
import { Arena } from "@narthex/kernel/arena";
import { Labels } from "@narthex/model/labels";
import { systemClock } from "@narthex/platform/clock";
import { silentLogger } from "@narthex/platform/logger";
import { Head } from "@narthex/tsdb/head";
import { ApiError } from "./api/api-error.ts";
import { noFeatures } from "./feature-flags.ts";
import type { Question } from "./query-messages.ts";
import { QueryPool, type AnswerSink } from "./query-pool.ts";

const startMs = 1_700_000_000_000;
const engine = {
  lookbackMs: 300_000,
  timeoutMs: 120_000,
  maxSamples: 50_000_000,
  defaultStepMs: 60_000,
  features: noFeatures,
};

async function poolOver(seriesCount: number): Promise<QueryPool> {
  const arena = Arena.create();
  const head = new Head(arena, { chunkRangeMs: 7_200_000, samplesPerChunk: 120 });
  const batch = head.appender();
  for (let i = 0; i < seriesCount; i++) {
    batch.append(batch.resolve(Labels.fromObject({ __name__: "m", i: String(i) })), startMs, i + 0.25);
  }
  await batch.commit();
  return new QueryPool({
    arena,
    headRootAt: head.rootAt,
    workerCount: 1,
    maxConcurrency: 2,
    engine,
    logger: silentLogger,
    clock: systemClock,
    active: null,
  });
}

function range(query: string, steps: number): Question & { kind: "range" } {
  return {
    kind: "range",
    query,
    startMs,
    endMs: startMs + steps - 1,
    stepMs: 1,
    lookbackMs: 300_000,
    timeoutMs: 10_000,
    limit: 0,
    stats: "",
  };
}

/** Keeps an answer's bytes, and waits in the middle of every piece. */
class SlowSink implements AnswerSink {
  readonly parts: string[] = [];
  begun = 0;
  #isBusy = false;

  begin(): void {
    this.begun++;
  }

  async piece(bytes: Uint8Array): Promise<void> {
    assert.equal(this.#isBusy, false, "one piece at a time");
    this.#isBusy = true;
    await systemClock.sleep(2);
    this.parts.push(Buffer.from(bytes.slice()).toString());
    this.#isBusy = false;
  }
}

const patient = new AbortController().signal;

test("pieces come one after the other, however slow the sink", async (t) => {
  const pool = await poolOver(40);
  t.after(() => pool.stop());
  const sink = new SlowSink();
  await pool.ask(range("m", 10_000), sink, patient);
  assert.equal(sink.begun, 1);
  assert.ok(sink.parts.length > 6, `${sink.parts.length} pieces`);
  const { result } = JSON.parse(sink.parts.join("")) as { result: { values: unknown[] }[] };
  assert.deepEqual(
    result.map(({ values }) => values.length),
    Array.from({ length: 40 }, () => 10_000),
  );
});

test("a small answer is one piece; what is wrong is told; a client that is gone gets nothing", async (t) => {
  const pool = await poolOver(1);
  t.after(() => pool.stop());
  const sink = new SlowSink();
  await pool.ask(range("m", 2), sink, patient);
  assert.equal(sink.parts.length, 1);
  const fails = async (query: string, type: string, signal = patient): Promise<void> => {
    await assert.rejects(pool.ask(range(query, 2), new SlowSink(), signal), (error) => {
      assert.ok(error instanceof ApiError);
      assert.equal(error.errorType, type);
      return true;
    });
  };
  await fails("m{", "bad_data");
  await fails("m", "canceled", AbortSignal.abort());
  assert.equal(pool.runningCount, 0);
});

/** Resolves when so many questions of the pool wait. */
async function waiting(pool: QueryPool, count: number): Promise<void> {
  while (pool.waitingCount !== count) await systemClock.sleep(1);
}

/** Resolves when so many questions of the pool run. */
async function running(pool: QueryPool, count: number): Promise<void> {
  while (pool.runningCount !== count) await systemClock.sleep(1);
}

/** Work without end, for all that a test waits: no step of it is small enough for the main thread. */
const endless = 'count_over_time(m[1y:1s]) + count_over_time({__name__="m"}[1y:1s])';

test("a client that goes away stops its running query", async (t) => {
  const pool = await poolOver(2);
  t.after(() => pool.stop());
  const gone = new AbortController();
  const query = pool.ask({ ...range(endless, 5000), timeoutMs: 120_000 }, new SlowSink(), gone.signal);
  const ended = assert.rejects(query, { errorType: "canceled" });
  await running(pool, 1);
  gone.abort();
  await ended;
  const sink = new SlowSink();
  await pool.ask(range("m", 2), sink, patient);
  assert.equal(sink.begun, 1, "the worker lives and answers");
  assert.equal(pool.runningCount, 0);
});

test("beyond the limit questions wait in order; who gives up leaves the queue at once", async (t) => {
  const pool = await poolOver(2);
  t.after(() => pool.stop());
  const gone = new AbortController();
  const busy = [1, 2].map(() =>
    assert.rejects(pool.ask({ ...range(endless, 5000), timeoutMs: 120_000 }, new SlowSink(), gone.signal), {
      errorType: "canceled",
    }),
  );
  await running(pool, 2);
  const impatient = new AbortController();
  const left = assert.rejects(pool.ask(range("m", 2), new SlowSink(), impatient.signal), {
    errorType: "canceled",
    message: "query was canceled in query queue",
  });
  await waiting(pool, 1);
  impatient.abort();
  await left;
  await assert.rejects(pool.ask({ ...range("m", 2), timeoutMs: 5 }, new SlowSink(), patient), {
    errorType: "timeout",
    message: "query timed out in query queue",
  });
  const order: number[] = [];
  const later = [0, 1, 2].map(async (i) => {
    await pool.ask(range("m", 2), new SlowSink(), patient);
    order.push(i);
  });
  await waiting(pool, 3);
  gone.abort();
  await Promise.all([...busy, ...later]);
  assert.deepEqual(order, [0, 1, 2]);
  assert.equal(pool.runningCount, 0);
  assert.equal(pool.waitingCount, 0);
});

test("a query that outlives its time is ended; one with too many samples is refused", async (t) => {
  const pool = await poolOver(2);
  t.after(() => pool.stop());
  const ask = (change: object): Promise<void> =>
    pool.ask({ ...range(endless, 5000), ...change }, new SlowSink(), patient);
  await assert.rejects(ask({ timeoutMs: 20 }), {
    errorType: "timeout",
    message: "query timed out in expression evaluation",
  });
  pool.setEngine({ ...engine, maxSamples: 5 });
  await assert.rejects(ask({ query: "m", startMs, endMs: startMs + 100_000 }), {
    errorType: "execution",
    message: "query processing would load too many samples into memory in query execution",
  });
});

test("statistics come with the answer, and in it when asked for", async (t) => {
  const pool = await poolOver(3);
  t.after(() => pool.stop());
  const sink = new SlowSink();
  pool.setEngine({ ...engine, features: { ...noFeatures, perStepStatistics: true } });
  await pool.ask({ ...range("m", 2), stats: "all" }, sink, patient);
  const { stats } = JSON.parse(sink.parts.join("")) as { stats: { samples: object } };
  const perStep = [
    [startMs / 1000, 3],
    [startMs / 1000 + 0.001, 3],
  ];
  assert.deepEqual(stats.samples, {
    totalQueryableSamplesPerStep: perStep,
    totalQueryableSamples: 6,
    samplesReadPerStep: perStep,
    samplesRead: 6,
    peakSamples: 6,
  });
});

test("format and tree", async (t) => {
  const pool = await poolOver(0);
  t.after(() => pool.stop());
  const ask = async (kind: "format" | "tree", query: string): Promise<unknown> => {
    const sink = new SlowSink();
    await pool.ask({ kind, query }, sink, patient);
    return JSON.parse(sink.parts.join(""));
  };
  assert.equal(await ask("format", "sum(a<2)by(b)"), "sum by (b) (a < 2)");
  assert.deepEqual(await ask("tree", "-(1)"), {
    type: "unaryExpr",
    op: "-",
    expr: { type: "parenExpr", expr: { type: "numberLiteral", val: "1" } },
  });
  await assert.rejects(ask("format", "a{"), {
    message: 'invalid parameter "query": 1:3: parse error: unexpected end of input inside braces',
  });
});
