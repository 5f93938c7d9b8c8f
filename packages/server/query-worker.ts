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
  let first: IteratorResult<JsonChunk, void>;
  let second: IteratorResult<JsonChunk, void>;
  try {
    first = answer.pieces.next();
    second = first.done === true ? first : answer.pieces.next();
  } catch (error) {
    answer.release();
    throw error;
  }
  const { warnings, infos, statistics } = answer;
  if (first.done !== true && second.done === true) {
    streaming.set(id, () => finish(id, answer));
    const { address: at, sizeBytes } = first.value;
    post({ kind: "whole", id, at, sizeBytes, warnings, infos, statistics });
    return;
  }
  post({ kind: "begin", id, warnings, infos, statistics });
  stream(id, answer, [first, second]);
}

function finish(id: number, answer: Answer): void {
  streaming.delete(id);
  answer.release();
}

/**
 * Sends an answer's pieces, those in `ready` first, at most `piecesInFlight` ahead of main. When no further
 * piece can be made the answer fails, once main has taken those that it has.
 */
function stream(id: number, answer: Answer, ready: IteratorResult<JsonChunk, void>[]): void {
  let outstanding = 0;
  let end: FromWorker | null = null;
  const sendPieces = (): FromWorker | null => {
    while (outstanding < piecesInFlight) {
      const next = ready.shift() ?? answer.pieces.next();
      if (next.done === true) return { kind: "end", id };
      outstanding++;
      post({ kind: "piece", id, at: next.value.address, sizeBytes: next.value.sizeBytes });
    }
    return null;
  };
  const advance = (): void => {
    try {
      end ??= sendPieces();
    } catch (error) {
      end = { kind: "failed", id, ...answerer.failure(error) };
    }
    if (end === null || outstanding > 0) return;
    finish(id, answer);
    post(end);
  };
  streaming.set(id, () => {
    outstanding--;
    // The client is gone: nothing more of this answer is wanted.
    if (answer.isCanceled()) end ??= { kind: "end", id };
    advance();
  });
  advance();
}

port.onMessage((data) => {
  const message = data as ToWorker;
  switch (message.kind) {
    case "ask":
      try {
        send(message.id, answerer.answer(message.question, message.cancelIndex, message.queueMs));
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
