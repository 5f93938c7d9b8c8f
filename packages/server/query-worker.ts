/**
 * A query worker: answers questions over the head in the arena and the blocks on the disk.
 *
 *   query-pool ── ask ──► QUERY WORKER: parse → plan → operators → JSON bytes ── piece ──► query-pool
 *
 * An evaluation runs to its end without a break; writing answers is interleaved, so that a slow client holds
 * back only its own answer. Samples are decoded during evaluation: while pieces are sent no epoch is held.
 *
 * The module is a thread's entry: importing it elsewhere throws.
 */

import { Arena } from "@narthex/kernel/arena";
import { workerPort } from "@narthex/platform/worker";
import { systemDisk } from "@narthex/platform/disk";
import { DbReader } from "@narthex/tsdb/db-reader";
import { QueryAnswerer, type Answer } from "./query-answerer.ts";
import { piecesInFlight, type FromWorker, type ToWorker, type WorkerSetup } from "./query-messages.ts";

const port = workerPort();
const setup = port.data as WorkerSetup;
const arena = Arena.attach(setup.memory);
const reader = new DbReader(arena, setup.headRootAt, setup.slot, systemDisk);
const answerer = new QueryAnswerer(arena, reader, setup.cancelWords, setup.engine);

/** Answers that wait for main to take pieces: what goes on when one is taken. */
const streaming = new Map<number, () => void>();

function post(message: FromWorker): void {
  port.post(message);
}

/** Sends an answer's pieces, at most `piecesInFlight` ahead of main. */
function send(id: number, answer: Answer): void {
  let outstanding = 0;
  let isDone = false;
  const advance = (): void => {
    while (!isDone && outstanding < piecesInFlight) {
      const next = answer.pieces.next();
      if (next.done === true) {
        isDone = true;
        break;
      }
      outstanding++;
      post({ kind: "piece", id, at: next.value.address, sizeBytes: next.value.sizeBytes });
    }
    if (!isDone || outstanding > 0) return;
    streaming.delete(id);
    answer.release();
    post({ kind: "end", id });
  };
  streaming.set(id, () => {
    outstanding--;
    // The client is gone: nothing more of this answer is wanted.
    if (answer.isCanceled()) isDone = true;
    advance();
  });
  post({ kind: "begin", id, warnings: answer.warnings, infos: answer.infos });
  advance();
}

port.onMessage((data) => {
  const message = data as ToWorker;
  switch (message.kind) {
    case "ask":
      try {
        send(message.id, answerer.answer(message.question, message.cancelIndex));
      } catch (error) {
        post({ kind: "failed", id: message.id, ...answerer.failure(error) });
      }
      return;
    case "taken":
      streaming.get(message.id)?.();
      return;
    case "blocks":
      try {
        reader.setBlocks(message.directories);
        post({ kind: "blocks known", version: message.version });
      } catch (error) {
        post({ kind: "blocks known", version: message.version, error: String(error) });
      }
      return;
    case "settings":
      answerer.setEngine(message.engine);
      return;
  }
});
