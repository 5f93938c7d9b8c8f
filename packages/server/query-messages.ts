/**
 * What the main thread and the query workers say to each other. Plain data.
 *
 *   main ── ask ──► worker ── whole | begin, piece…, end | failed ──► main ── taken (per piece) ──► worker
 *
 * A piece is a range of the shared memory. It stays valid until main says `taken`; a worker has at most
 * `piecesInFlight` of an answer outstanding, so a slow client holds back its own answer and nobody else's.
 */

import type { SharedMemory } from "@narthex/kernel/web-assembly";
import type { Features } from "./feature-flags.ts";
import type { AnswerStatistics } from "./query-statistics.ts";

/** Outstanding pieces of one answer. */
export const piecesInFlight = 4;

/** Handed to a query worker at its start. */
export interface WorkerSetup {
  readonly memory: SharedMemory;
  /** Root of the head in the arena. */
  readonly headRootAt: number;
  /** This worker's reader slot (kernel/epochs.ts). */
  readonly slot: number;
  /** One word per running question; 1 cancels. */
  readonly cancelWords: Int32Array;
  readonly engine: EngineSettings;
}

/** Settings of the engine that every worker shares. */
export interface EngineSettings {
  readonly lookbackMs: number;
  readonly timeoutMs: number;
  readonly maxSamples: number;
  readonly defaultStepMs: number;
  readonly features: Features;
}

/** What can be asked. Times are milliseconds. */
export type Question =
  | (QueryQuestion & { readonly kind: "instant"; readonly timeMs: number })
  | (QueryQuestion & {
      readonly kind: "range";
      readonly startMs: number;
      readonly endMs: number;
      readonly stepMs: number;
    })
  /** The query in other words: pretty-printed, or its tree. */
  | { readonly kind: "format" | "tree"; readonly query: string }
  | (SelectorQuestion & { readonly kind: "series" })
  | (SelectorQuestion & { readonly kind: "label names" })
  | (SelectorQuestion & { readonly kind: "label values"; readonly name: string });

/** What the questions that are evaluated have in common. */
export interface QueryQuestion {
  readonly query: string;
  readonly lookbackMs: number;
  readonly timeoutMs: number;
  /** The most series of the answer, 0 for all. */
  readonly limit: number;
  /** The parameter as given; "" for no statistics in the answer. */
  readonly stats: string;
}

/** What the questions about series have in common. */
export interface SelectorQuestion {
  /** Selectors as written; a series that any of them matches counts. */
  readonly selectors: readonly string[];
  readonly startMs: number;
  readonly endMs: number;
  readonly limit: number;
}

/** Main to worker. */
export type ToWorker =
  | {
      readonly kind: "ask";
      readonly id: number;
      readonly cancelIndex: number;
      readonly question: Question;
      /** How long the question has waited already. */
      readonly queueMs: number;
    }
  | { readonly kind: "taken"; readonly id: number }
  /** The blocks there are now, as directories. */
  | { readonly kind: "blocks"; readonly version: number; readonly directories: readonly string[] }
  | { readonly kind: "settings"; readonly engine: EngineSettings };

/** Worker to main. */
export type FromWorker =
  /** The whole answer: one piece, to be `taken`, and no end behind it. */
  | {
      readonly kind: "whole";
      readonly id: number;
      readonly at: number;
      readonly sizeBytes: number;
      readonly warnings: readonly string[];
      readonly infos: readonly string[];
      /** Of what was evaluated; null for other questions. */
      readonly statistics: AnswerStatistics | null;
    }
  | {
      readonly kind: "begin";
      readonly id: number;
      readonly warnings: readonly string[];
      readonly infos: readonly string[];
      readonly statistics: AnswerStatistics | null;
    }
  | { readonly kind: "piece"; readonly id: number; readonly at: number; readonly sizeBytes: number }
  | { readonly kind: "end"; readonly id: number }
  | {
      readonly kind: "failed";
      readonly id: number;
      readonly errorType: ApiErrorType;
      readonly message: string;
    }
  /** The blocks of that version are open (or could not be opened); queries from now on use them. */
  | { readonly kind: "blocks known"; readonly version: number; readonly error?: string };

/** The API's kinds of errors. */
export type ApiErrorType =
  | "bad_data"
  | "execution"
  | "canceled"
  | "timeout"
  | "internal"
  | "not_found"
  | "not_acceptable"
  | "unavailable";
