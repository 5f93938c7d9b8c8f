/**
 * The main thread's side of the query workers: hands questions out, passes answers on piece by piece.
 *
 *   api/query → QUERY POOL → query-worker → (pieces of shared memory) → socket
 *
 * Questions go to the worker with the fewest running ones. At most `maxConcurrency` run at once, later ones
 * wait in order. Workers run answers' writing interleaved, so waiting for a slow client blocks no worker.
 *
 * Invariants
 *  - A question ends exactly once: by `end`, `failed`, or its worker's death (then as internal error).
 *  - A cancel word is reused only after its question has ended.
 */

import { assert } from "@narthex/platform/assert";
import type { Logger } from "@narthex/platform/logger";
import { startWorker, type WorkerHandle } from "@narthex/platform/worker";
import type { Arena } from "@narthex/kernel/arena";
import { ApiError } from "./api/api-error.ts";
import type { EngineSettings, FromWorker, Question, ToWorker, WorkerSetup } from "./query-messages.ts";

/** Takes an answer as it comes. */
export interface AnswerSink {
  /** The evaluation is over; what follows cannot fail any more. */
  begin(warnings: readonly string[], infos: readonly string[]): void;
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

/** Reader slot of the first worker; 0 is the main thread's, 1 the maintenance worker's. */
const firstSlot = 2;

/** Query workers. */
export class QueryPool {
  readonly #options: QueryPoolOptions;
  readonly #members: Member[] = [];
  readonly #cancelWords: Int32Array;
  readonly #freeCancelWords: number[];
  readonly #waiting: (() => void)[] = [];
  #engine: EngineSettings;
  #blocks: readonly string[] = [];
  #blocksVersion = 0;
  #nextId = 1;
  #runningCount = 0;
  #isStopping = false;

  constructor(options: QueryPoolOptions) {
    this.#options = options;
    this.#engine = options.engine;
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

  /** Tells the workers which blocks there are; resolves when every worker's next query will use them. */
  async setBlocks(directories: readonly string[]): Promise<void> {
    this.#blocks = directories;
    this.#blocksVersion++;
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

  /** Settings for questions asked from now on. */
  setEngine(engine: EngineSettings): void {
    this.#engine = engine;
    this.#tellAll({ kind: "settings", engine });
  }

  /**
   * Answers `question` into `sink`. Rejects with `ApiError`. When `signal` aborts the evaluation stops within
   * a block of work, and the promise rejects with a canceled error.
   */
  async ask(question: Question, sink: AnswerSink, signal: AbortSignal): Promise<void> {
    await this.#admit(signal);
    const cancelIndex = this.#freeCancelWords.pop();
    assert(cancelIndex !== undefined, "as many cancel words as concurrent questions");
    Atomics.store(this.#cancelWords, cancelIndex, 0);
    const cancel = (): void => void Atomics.store(this.#cancelWords, cancelIndex, 1);
    signal.addEventListener("abort", cancel);
    try {
      await this.#run(question, sink, cancelIndex);
    } finally {
      signal.removeEventListener("abort", cancel);
      this.#freeCancelWords.push(cancelIndex);
      this.#runningCount--;
      this.#waiting.shift()?.();
    }
  }

  /** Ends the workers; running questions fail. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await Promise.all(this.#members.map(({ handle }) => handle.stop()));
  }

  async #admit(signal: AbortSignal): Promise<void> {
    while (this.#runningCount >= this.#options.maxConcurrency) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    if (signal.aborted) {
      this.#waiting.shift()?.();
      throw new ApiError("canceled", "query was canceled in query queue");
    }
    this.#runningCount++;
  }

  #run(question: Question, sink: AnswerSink, cancelIndex: number): Promise<void> {
    const member = this.#members.reduce((best, other) =>
      other.running.size < best.running.size ? other : best,
    );
    const id = this.#nextId++;
    return new Promise<void>((resolve, reject) => {
      member.running.set(id, { sink, cancelIndex, resolve, reject, passed: Promise.resolve() });
      this.#tell(member, { kind: "ask", id, cancelIndex, question });
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
        running.sink.begin(message.warnings, message.infos);
        void this.#passWhole(member, running, message);
        return;
      case "begin":
        running.sink.begin(message.warnings, message.infos);
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
