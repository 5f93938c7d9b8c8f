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
import type { JsonChunk } from "@narthex/promql/result-json";
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

/** Sends an answer: in one message when it is one piece, as most are, else piece by piece. */
function send(id: number, answer: Answer): void {
  const first = answer.pieces.next();
  const second = first.done === true ? first : answer.pieces.next();
  const { warnings, infos } = answer;
  if (first.done !== true && second.done === true) {
    streaming.set(id, () => finish(id, answer));
    post({ kind: "whole", id, at: first.value.address, sizeBytes: first.value.sizeBytes, warnings, infos });
    return;
  }
  post({ kind: "begin", id, warnings, infos });
  stream(id, answer, [first, second]);
}

function finish(id: number, answer: Answer): void {
  streaming.delete(id);
  answer.release();
}

/** Sends an answer's pieces, those in `ready` first, at most `piecesInFlight` ahead of main. */
function stream(id: number, answer: Answer, ready: IteratorResult<JsonChunk, void>[]): void {
  let outstanding = 0;
  let isDone = false;
  const advance = (): void => {
    while (!isDone && outstanding < piecesInFlight) {
      const next = ready.shift() ?? answer.pieces.next();
      if (next.done === true) {
        isDone = true;
        break;
      }
      outstanding++;
      post({ kind: "piece", id, at: next.value.address, sizeBytes: next.value.sizeBytes });
    }
    if (!isDone || outstanding > 0) return;
    finish(id, answer);
    post({ kind: "end", id });
  };
  streaming.set(id, () => {
    outstanding--;
    // The client is gone: nothing more of this answer is wanted.
    if (answer.isCanceled()) isDone = true;
    advance();
  });
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
