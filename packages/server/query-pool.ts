/**
 * The main thread's side of the query workers: hands questions out, passes answers on piece by piece.
 *
 *   api/query → QUERY POOL → query-worker → (pieces of shared memory) → socket
 *
 * Tiny questions are answered at once in this thread (tiny-queries.ts). Others go to the worker with the
 * fewest running ones. At most `maxConcurrency` run at once, later ones wait in order. Workers write answers
 * interleaved, so waiting for a slow client blocks no worker.
 *
 * Invariants
 *  - A question ends exactly once: by `end`, `failed`, or its worker's death (then as internal error).
 *  - A cancel word is reused only after its question has ended.
 */

import { assert } from "@narthex/platform/assert";
import type { Clock } from "@narthex/platform/clock";
import type { Logger } from "@narthex/platform/logger";
import { systemDisk } from "@narthex/platform/disk";
import { startWorker, type WorkerHandle } from "@narthex/platform/worker";
import type { Arena } from "@narthex/kernel/arena";
import type { ActiveQueries } from "./active-queries.ts";
import { ApiError } from "./api/api-error.ts";
import type { Answer } from "./query-answerer.ts";
import type { EngineSettings, FromWorker, Question, ToWorker, WorkerSetup } from "./query-messages.ts";
import type { AnswerStatistics } from "./query-statistics.ts";
import { TinyQueries } from "./tiny-queries.ts";

/** Takes an answer as it comes. */
export interface AnswerSink {
  /** The evaluation is over; what follows cannot fail any more. */
  begin(warnings: readonly string[], infos: readonly string[], statistics: AnswerStatistics | null): void;
  /** Some bytes of the answer's `data`; they may be touched until the promise resolves. */
  piece(bytes: Uint8Array): Promise<void>;
}

/** Settings of the pool. */
export interface QueryPoolOptions {
  readonly arena: Arena;
  readonly headRootAt: number;
  readonly workerCount: number;
  /** Questions that run at once (20). */
  readonly maxConcurrency: number;
  readonly engine: EngineSettings;
  readonly logger: Logger;
  readonly clock: Clock;
  /** Where running queries are noted, null for nowhere. */
  readonly active: ActiveQueries | null;
}

interface Running {
  readonly sink: AnswerSink;
  readonly cancelIndex: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
  /** The pieces so far: the next one is handed on when this resolves. */
  passed: Promise<void>;
}

/** Where a message says that bytes of an answer lie. */
type Piece = Pick<FromWorker & { kind: "piece" }, "id" | "at" | "sizeBytes">;

interface Member {
  readonly slot: number;
  handle: WorkerHandle;
  readonly running: Map<number, Running>;
  /** Who waits for the worker to know a version of the blocks. */
  awaiting: { readonly version: number; readonly resolve: () => void }[];
}

function canceledInQueue(): ApiError {
  return new ApiError("canceled", "query was canceled in query queue");
}

function isEvaluated(question: Question): question is Question & { readonly kind: "instant" | "range" } {
  return question.kind === "instant" || question.kind === "range";
}

/** Reader slot of the first worker; 0 is the main thread's, 1 the maintenance worker's. */
const firstSlot = 2;

/** Query workers. */
export class QueryPool {
  readonly #options: QueryPoolOptions;
  readonly #members: Member[] = [];
  readonly #cancelWords: Int32Array;
  readonly #freeCancelWords: number[];
  readonly #waiting = new Set<() => void>();
  readonly #tiny: TinyQueries;
  #engine: EngineSettings;
  #blocks: readonly string[] = [];
  #blocksVersion = 0;
  #nextId = 1;
  #runningCount = 0;
  #isStopping = false;

  constructor(options: QueryPoolOptions) {
    this.#options = options;
    this.#engine = options.engine;
    this.#tiny = new TinyQueries(options.arena, options.headRootAt, systemDisk, options.engine);
    this.#cancelWords = new Int32Array(new SharedArrayBuffer(options.maxConcurrency * 4));
    this.#freeCancelWords = Array.from({ length: options.maxConcurrency }, (_, i) => i);
    for (let i = 0; i < options.workerCount; i++) {
      const slot = firstSlot + i;
      const running = new Map<number, Running>();
      const handle = this.#start(slot, (message) => this.#receive(member, message));
      const member: Member = { slot, running, handle, awaiting: [] };
      this.#watch(member);
      this.#members.push(member);
    }
  }

  /** Questions that run now. */
  get runningCount(): number {
    return this.#runningCount;
  }

  /** Questions that wait for others to end. */
  get waitingCount(): number {
    return this.#waiting.size;
  }

  /** Tells the workers which blocks there are; resolves when every worker's next query will use them. */
  async setBlocks(directories: readonly string[]): Promise<void> {
    this.#blocks = directories;
    this.#blocksVersion++;
    this.#openBlocks(directories);
    const version = this.#blocksVersion;
    this.#tellAll({ kind: "blocks", version, directories });
    await Promise.all(
      this.#members.map(
        (member) =>
          new Promise<void>((resolve) => {
            member.awaiting.push({ version, resolve });
          }),
      ),
    );
  }

  /** Opens the blocks in this thread. */
  #openBlocks(directories: readonly string[]): void {
    try {
      this.#tiny.setBlocks(directories);
    } catch (error) {
      this.#options.logger.error("Blocks cannot be opened", { err: error });
    }
  }

  /** Settings for questions asked from now on. */
  setEngine(engine: EngineSettings): void {
    this.#engine = engine;
    this.#tiny.setEngine(engine);
    this.#tellAll({ kind: "settings", engine });
  }

  /**
   * Answers `question` into `sink`. Rejects with `ApiError`. When `signal` aborts the evaluation stops within
   * a block of work, and the promise rejects with a canceled error; at once while the question still waits.
   */
  async ask(question: Question, sink: AnswerSink, signal: AbortSignal): Promise<void> {
    if (await this.#answerHere(question, sink, signal)) return;
    const { clock, active } = this.#options;
    const askedMs = clock.monotonicMs();
    await this.#admit(question, signal);
    const queueMs = clock.monotonicMs() - askedMs;
    const tracker = isEvaluated(question) ? active : null;
    const cancelIndex = this.#freeCancelWords.pop();
    assert(cancelIndex !== undefined, "as many cancel words as concurrent questions");
    Atomics.store(this.#cancelWords, cancelIndex, 0);
    const cancel = (): void => void Atomics.store(this.#cancelWords, cancelIndex, 1);
    signal.addEventListener("abort", cancel);
    if (isEvaluated(question)) tracker?.insert(cancelIndex, question.query);
    try {
      await this.#run(question, sink, cancelIndex, queueMs);
    } finally {
      signal.removeEventListener("abort", cancel);
      tracker?.remove(cancelIndex);
      this.#freeCancelWords.push(cancelIndex);
      this.#runningCount--;
      this.#admitNext();
    }
  }

  /** Ends the workers; running questions fail. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await Promise.all(this.#members.map(({ handle }) => handle.stop()));
    this.#tiny.close();
  }

  /** Answers a tiny question in this thread; false when it is none, or others wait before it. */
  async #answerHere(question: Question, sink: AnswerSink, signal: AbortSignal): Promise<boolean> {
    if (this.#runningCount >= this.#options.maxConcurrency || signal.aborted) return false;
    let answer: Answer | null;
    try {
      answer = this.#tiny.answer(question);
    } catch (error) {
      const { errorType, message } = this.#tiny.failure(error);
      throw new ApiError(errorType, message);
    }
    if (answer === null) return false;
    this.#runningCount++;
    try {
      const { arena } = this.#options;
      sink.begin(answer.warnings, answer.infos, answer.statistics);
      for (const { address, sizeBytes } of { [Symbol.iterator]: () => answer.pieces }) {
        await sink.piece(arena.u8.subarray(address, address + sizeBytes));
      }
    } finally {
      answer.release();
      this.#runningCount--;
      this.#admitNext();
    }
    return true;
  }

  async #admit(question: Question, signal: AbortSignal): Promise<void> {
    const isFree = this.#runningCount < this.#options.maxConcurrency && this.#waiting.size === 0;
    if (signal.aborted) throw canceledInQueue();
    if (isFree) this.#runningCount++;
    else await this.#wait(isEvaluated(question) ? question.timeoutMs : null, signal);
  }

  /**
   * Resolves when it is this question's turn, its place taken already; rejects when whoever asks has gone or
   * is out of patience.
   */
  #wait(timeoutMs: number | null, signal: AbortSignal): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      const end = (): void => {
        this.#waiting.delete(turn);
        signal.removeEventListener("abort", cancel);
        timer?.stop();
      };
      const turn = (): void => {
        end();
        this.#runningCount++;
        resolve();
      };
      const cancel = (): void => {
        end();
        reject(canceledInQueue());
      };
      const timeout = (): void => {
        end();
        reject(new ApiError("timeout", "query timed out in query queue"));
      };
      const timer = timeoutMs === null ? null : this.#options.clock.after(timeoutMs, timeout);
      signal.addEventListener("abort", cancel);
      this.#waiting.add(turn);
    });
  }

  /** Gives the place that became free to whoever waits longest. */
  #admitNext(): void {
    for (const turn of this.#waiting) {
      turn();
      return;
    }
  }

  #run(question: Question, sink: AnswerSink, cancelIndex: number, queueMs: number): Promise<void> {
    const member = this.#members.reduce((best, other) =>
      other.running.size < best.running.size ? other : best,
    );
    const id = this.#nextId++;
    return new Promise<void>((resolve, reject) => {
      member.running.set(id, { sink, cancelIndex, resolve, reject, passed: Promise.resolve() });
      this.#tell(member, { kind: "ask", id, cancelIndex, question, queueMs });
    });
  }

  #start(slot: number, receive: (message: FromWorker) => void): WorkerHandle {
    const setup: WorkerSetup = {
      memory: this.#options.arena.memory,
      headRootAt: this.#options.headRootAt,
      slot,
      cancelWords: this.#cancelWords,
      engine: this.#engine,
    };
    const url = import.meta.resolve("@narthex/server/query-worker");
    const handle = startWorker(url, `query-${slot - firstSlot}`, setup);
    handle.onMessage((message) => receive(message as FromWorker));
    handle.post({
      kind: "blocks",
      version: this.#blocksVersion,
      directories: this.#blocks,
    } satisfies ToWorker);
    return handle;
  }

  /** A worker that dies takes its questions with it; another one takes its place. */
  #watch(member: Member): void {
    member.handle.onEnd((error) => {
      const message = error === null ? "query worker stopped" : `query worker ended: ${error.message}`;
      for (const { reject } of member.running.values()) reject(new ApiError("internal", message));
      member.running.clear();
      if (this.#isStopping) return;
      this.#options.logger.error("Query worker ended, starting another", { err: error });
      member.handle = this.#start(member.slot, (answer) => this.#receive(member, answer));
      this.#watch(member);
    });
  }

  #receive(member: Member, message: FromWorker): void {
    if (message.kind === "blocks known") {
      if (message.error !== undefined)
        this.#options.logger.error("Blocks cannot be opened", { err: message.error });
      for (const { version, resolve } of member.awaiting) if (version <= message.version) resolve();
      member.awaiting = member.awaiting.filter(({ version }) => version > message.version);
      return;
    }
    const running = member.running.get(message.id);
    if (running === undefined) return;
    switch (message.kind) {
      case "whole":
        running.sink.begin(message.warnings, message.infos, message.statistics);
        void this.#passWhole(member, running, message);
        return;
      case "begin":
        running.sink.begin(message.warnings, message.infos, message.statistics);
        return;
      case "piece":
        // One after the other: a sink that waits in the middle of a piece must not be overtaken by the next.
        running.passed = running.passed.then(() => this.#pass(member, running, message));
        return;
      case "end":
        member.running.delete(message.id);
        running.resolve();
        return;
      case "failed":
        member.running.delete(message.id);
        running.reject(new ApiError(message.errorType, message.message));
        return;
    }
  }

  async #passWhole(member: Member, running: Running, message: FromWorker & { kind: "whole" }): Promise<void> {
    await this.#pass(member, running, message);
    member.running.delete(message.id);
    running.resolve();
  }

  /** Hands a piece on; when the client is gone the rest of the answer is not wanted. */
  async #pass(member: Member, running: Running, piece: Piece): Promise<void> {
    const { arena } = this.#options;
    const { id, at, sizeBytes } = piece;
    arena.cover(at + sizeBytes);
    try {
      await running.sink.piece(arena.u8.subarray(at, at + sizeBytes));
    } catch {
      Atomics.store(this.#cancelWords, running.cancelIndex, 1);
    }
    this.#tell(member, { kind: "taken", id });
  }

  #tell(member: Member, message: ToWorker): void {
    member.handle.post(message);
  }

  #tellAll(message: ToWorker): void {
    for (const member of this.#members) this.#tell(member, message);
  }
}
