import assert from "node:assert/strict";
import { test } from "node:test";
import { Arena } from "@narthex/kernel/arena";
import { Labels } from "@narthex/model/labels";
import { systemClock } from "@narthex/platform/clock";
import { silentLogger } from "@narthex/platform/logger";
import { Head } from "@narthex/tsdb/head";
import { ApiError } from "./api/api-error.ts";
import type { Question } from "./query-messages.ts";
import { QueryPool, type AnswerSink } from "./query-pool.ts";

const startMs = 1_700_000_000_000;
const engine = { lookbackMs: 300_000, timeoutMs: 120_000, maxSamples: 50_000_000, defaultStepMs: 60_000 };

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
  });
}

function range(query: string, steps: number): Question {
  return {
    kind: "range",
    query,
    startMs,
    endMs: startMs + steps - 1,
    stepMs: 1,
    lookbackMs: 300_000,
    timeoutMs: 10_000,
    limit: 0,
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
