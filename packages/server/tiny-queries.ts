/**
 * Answers tiny questions on the main thread: they take less time than handing them to a worker and back.
 *
 *   query-pool ── question ──► TINY QUERIES: parse → estimate → evaluate │ null: a worker shall do it
 *
 * Invariants
 *  - The main thread is not held for long: what the estimate (query-cost.ts) does not bound is not begun, and
 *    what takes longer than `patienceMs` all the same is given up and left to a worker.
 *  - Uses the main thread's reader slot; a querier is closed before anything else of this thread runs.
 */

import type { Arena } from "@narthex/kernel/arena";
import type { Disk } from "@narthex/platform/disk";
import { QueryError } from "@narthex/promql/query-errors";
import { ParseError } from "@narthex/promql-syntax/parse-error";
import { parseQuery } from "@narthex/promql-syntax/parser";
import type { Expr } from "@narthex/promql-syntax/ast";
import { DbReader } from "@narthex/tsdb/db-reader";
import { QueryAnswerer, type Answer } from "./query-answerer.ts";
import { isTiny } from "./query-cost.ts";
import type { ApiErrorType, EngineSettings, Question } from "./query-messages.ts";

/** The main thread's reader slot. */
const mainSlot = 0;
/** An evaluation that takes longer goes to a worker. */
const patienceMs = 5;

/** The main thread's own answerer. */
export class TinyQueries {
  readonly #reader: DbReader;
  readonly #answerer: QueryAnswerer;
  /** Nobody can cancel what runs without a break. */
  readonly #cancelWords = new Int32Array(new SharedArrayBuffer(4));

  constructor(arena: Arena, headRootAt: number, disk: Disk, engine: EngineSettings) {
    this.#reader = new DbReader(arena, headRootAt, mainSlot, disk);
    this.#answerer = new QueryAnswerer(arena, this.#reader, this.#cancelWords, engine);
  }

  setBlocks(directories: readonly string[]): void {
    this.#reader.setBlocks(directories);
  }

  setEngine(engine: EngineSettings): void {
    this.#answerer.setEngine(engine);
  }

  /** The answer, or null when the question is not tiny. Throws what the question fails with. */
  answer(question: Question): Answer | null {
    if (question.kind !== "instant" && question.kind !== "range") return null;
    const expr = parsedOrNull(question.query);
    if (expr === null) return null;
    if (!isTiny(question, expr, (matchers, from, to) => this.#reader.seriesBound(matchers, from, to)))
      return null;
    try {
      return this.#answerer.answer({ ...question, timeoutMs: Math.min(question.timeoutMs, patienceMs) }, 0);
    } catch (error) {
      if (error instanceof QueryError && error.errorType === "timeout") return null;
      throw error;
    }
  }

  /** Kind and text of an error as clients see it. */
  failure(error: unknown): { errorType: ApiErrorType; message: string } {
    return this.#answerer.failure(error);
  }

  close(): void {
    this.#reader.close();
  }
}

/** Wrong queries are for the worker to refuse. */
function parsedOrNull(query: string): Expr | null {
  try {
    return query.length > 10_000 ? null : parseQuery(query);
  } catch (error) {
    if (error instanceof ParseError) return null;
    throw error;
  }
}
