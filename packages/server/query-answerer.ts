/**
 * Answers one question at a time in the calling thread: the part of a query worker that does not know of
 * threads.
 */

import { ArenaFullError, type Arena } from "@narthex/kernel/arena";
import { Scratch } from "@narthex/kernel/scratch";
import type { LabelMatcher } from "@narthex/model/label-matcher";
import { compareLabels, Labels, quoteGo } from "@narthex/model/labels";
import { Engine } from "@narthex/promql/engine";
import { QueryError } from "@narthex/promql/query-errors";
import { resultJson, type JsonChunk } from "@narthex/promql/result-json";
import type { QueryResult } from "@narthex/promql/query-result";
import { astJson } from "@narthex/promql-syntax/ast-json";
import { ParseError } from "@narthex/promql-syntax/parse-error";
import type { Expr } from "@narthex/promql-syntax/ast";
import { parseQuery, parseSelector } from "@narthex/promql-syntax/parser";
import { prettyPrint } from "@narthex/promql-syntax/pretty-printer";
import { compareUtf8 } from "@narthex/bytes/utf8-order";
import type { LabelStrings, Querier, SeriesSet } from "@narthex/storage/querier";
import type { DbReader } from "@narthex/tsdb/db-reader";
import { ApiError } from "./api/api-error.ts";
import { escapedJson } from "./api/envelope.ts";
import type { ApiErrorType, EngineSettings, Question, SelectorQuestion } from "./query-messages.ts";
import { answerStatistics, type AnswerStatistics } from "./query-statistics.ts";

/** An answer on its way. `release` is called once, after the last piece was taken. */
export interface Answer {
  readonly warnings: readonly string[];
  readonly infos: readonly string[];
  /** Of what was evaluated; null for other questions. */
  readonly statistics: AnswerStatistics | null;
  readonly pieces: Iterator<JsonChunk, void, undefined>;
  readonly isCanceled: () => boolean;
  readonly release: () => void;
}

const truncated = "results truncated due to limit";

/** Evaluates questions over a database. */
export class QueryAnswerer {
  readonly #arena: Arena;
  readonly #reader: DbReader;
  readonly #cancelWords: Int32Array;
  #settings: EngineSettings;
  #engine: Engine;
  readonly #scratches: Scratch[] = [];

  constructor(arena: Arena, reader: DbReader, cancelWords: Int32Array, settings: EngineSettings) {
    this.#arena = arena;
    this.#reader = reader;
    this.#cancelWords = cancelWords;
    this.#settings = settings;
    this.#engine = this.#makeEngine();
  }

  setEngine(settings: EngineSettings): void {
    this.#settings = settings;
    this.#engine = this.#makeEngine();
  }

  /**
   * Throws what the question fails with; `failure` says how to report it. `queueMs` is how long it has
   * waited.
   */
  answer(question: Question, cancelIndex: number, queueMs = 0): Answer {
    const isCanceled = (): boolean => Atomics.load(this.#cancelWords, cancelIndex) !== 0;
    switch (question.kind) {
      case "instant":
      case "range":
        return { ...this.#answerQuery(question, cancelIndex, queueMs), isCanceled };
      case "format":
      case "tree":
        return { ...this.#answerSyntax(question), isCanceled };
      case "series":
        return { ...this.#answerSeries(question), isCanceled };
      case "label names":
        return { ...this.#answerStrings(question, null), isCanceled };
      case "label values":
        return { ...this.#answerStrings(question, question.name), isCanceled };
    }
  }

  /** Kind and text of an error as clients see it. */
  failure(error: unknown): { errorType: ApiErrorType; message: string } {
    if (error instanceof ApiError) return { errorType: error.errorType, message: error.message };
    if (error instanceof QueryError) {
      // The one thing an engine refuses before it evaluates: an expression of the wrong type.
      const before = error.errorType === "bad_data" ? 'invalid parameter "query": ' : "";
      return { errorType: error.errorType, message: before + error.message };
    }
    // While an answer was written: evaluation has an error of its own for it.
    if (error instanceof ArenaFullError) {
      return { errorType: "execution", message: `query needs too much memory: ${error.message}` };
    }
    return { errorType: "internal", message: error instanceof Error ? error.message : String(error) };
  }

  #makeEngine(): Engine {
    const { lookbackMs, timeoutMs, maxSamples, defaultStepMs, features } = this.#settings;
    return new Engine(this.#arena, {
      lookbackMs,
      limits: { maxSamples, timeoutMs },
      subqueryStepMs: () => defaultStepMs,
      delayedNameRemoval: features.delayedNameRemoval,
      useStartTimestamps: features.useStartTimestamps,
      typeAndUnitLabels: features.typeAndUnitLabels,
    });
  }

  #answerQuery(
    question: Question & { readonly kind: "instant" | "range" },
    cancelIndex: number,
    queueMs: number,
  ): Omit<Answer, "isCanceled"> {
    const { query, lookbackMs, timeoutMs, limit, stats } = question;
    const { features } = this.#settings;
    const expr = this.#parse(query);
    const querier = this.#reader.querier(-(2 ** 53), 2 ** 53);
    const options = {
      text: query,
      lookbackMs,
      timeoutMs,
      cancel: { words: this.#cancelWords, index: cancelIndex },
      perStepStatistics: features.perStepStatistics && stats === "all",
    };
    try {
      const result =
        question.kind === "instant"
          ? this.#engine.instant(querier, expr, question.timeMs, options)
          : this.#engine.range(querier, expr, question, options);
      const isCut = limit > 0 && "series" in result && result.series.count > limit;
      const shown = isCut ? firstSeries(result, limit) : result;
      const steps = question.kind === "instant" ? { startMs: question.timeMs, stepMs: 1 } : question;
      const statistics = answerStatistics(result.statistics, result.peakSamples, queueMs, steps);
      return {
        warnings: [...result.warnings, ...(isCut ? [truncated] : []), ...statsWarnings(stats)],
        infos: result.infos,
        statistics,
        pieces: resultJson(shown, stats === "" ? {} : { more: `,"stats":${statistics.json}` }),
        release: () => result.release(),
      };
    } finally {
      querier.close();
    }
  }

  #parse(query: string): Expr {
    return parsed('invalid parameter "query": ', () => parseQuery(query, this.#settings.features.syntax));
  }

  #answerSyntax({ kind, query }: Question & { kind: "format" | "tree" }): Omit<Answer, "isCanceled"> {
    const expr = this.#parse(query);
    return this.#textAnswer(escapedJson(kind === "format" ? prettyPrint(expr) : astJson(expr)), []);
  }

  #answerSeries(question: SelectorQuestion): Omit<Answer, "isCanceled"> {
    const { limit } = question;
    const selectors = selectorsOf(question, 'invalid parameter "match[]": ');
    const querier = this.#reader.querier(question.startMs, question.endMs);
    let texts: readonly string[];
    try {
      texts = seriesTexts(
        querier,
        selectors.map((matchers) => selectSeries(querier, question, matchers)),
      );
    } finally {
      querier.close();
    }
    const isCut = limit > 0 && texts.length > limit;
    const shown = isCut ? texts.slice(0, limit) : texts;
    return this.#textAnswer(`[${shown.join(",")}]`, isCut ? [truncated] : []);
  }

  #answerStrings(question: SelectorQuestion, name: string | null): Omit<Answer, "isCanceled"> {
    const { startMs, endMs, limit } = question;
    const selectors = selectorsOf(question, "");
    const querier = this.#reader.querier(startMs, endMs);
    let parts: readonly LabelStrings[];
    try {
      parts = (selectors.length === 0 ? [[]] : selectors).map((matchers) =>
        name === null ? querier.labelNames(matchers, limit) : querier.labelValues(name, matchers, limit),
      );
    } finally {
      querier.close();
    }
    const all = [...new Set(parts.flatMap(({ strings }) => strings))].toSorted(compareUtf8);
    const warnings = new Set(parts.flatMap((part) => part.warnings));
    if (limit > 0 && all.length > limit) warnings.add(truncated);
    return this.#textAnswer(JSON.stringify(limit > 0 ? all.slice(0, limit) : all), [...warnings]);
  }

  #textAnswer(text: string, warnings: readonly string[]): Omit<Answer, "isCanceled"> {
    const scratch = this.#scratches.pop() ?? new Scratch(this.#arena);
    const address = scratch.take(text.length * 3);
    const sizeBytes = this.#arena.putText(text, address);
    return {
      warnings,
      infos: [],
      statistics: null,
      pieces: [{ address, sizeBytes }].values(),
      release: () => {
        scratch.reset();
        this.#scratches.push(scratch);
      },
    };
  }
}

/** Values of the parameter that the original means to refuse one day. */
function statsWarnings(stats: string): readonly string[] {
  if (stats === "" || stats === "true" || stats === "all") return [];
  const fate = "is deprecated and will be rejected in the next major release";
  return [`value ${quoteGo(stats)} for parameter "stats" ${fate}, use "true" or "all"`];
}

/** Runs a parser; what it refuses is a wrong parameter. `before` opens the error's text. */
function parsed<T>(before: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof ParseError) throw new ApiError("bad_data", before + error.message);
    throw error;
  }
}

/** The selectors of a question; all are parsed before any is looked at further, as the original does. */
function selectorsOf(question: SelectorQuestion, before: string): readonly (readonly LabelMatcher[])[] {
  const selectors = parsed(before, () => question.selectors.map(parseSelector));
  if (selectors.some((matchers) => matchers.every((matcher) => matcher.matches("")))) {
    throw new ApiError("bad_data", `${before}match[] must contain at least one non-empty matcher`);
  }
  return selectors;
}

/** The series of one set in its order; those of several once each, in the order of their labels. */
function seriesTexts(querier: Querier, sets: readonly SeriesSet[]): readonly string[] {
  const labels = new Map<string, Labels>();
  for (const set of sets) {
    for (let i = 0; i < set.count; i++) {
      const found = labelsAt(set, i, querier);
      labels.set(JSON.stringify(found.toObject()), found);
    }
  }
  if (sets.length < 2) return [...labels.keys()];
  return [...labels].toSorted(([, a], [, b]) => compareLabels(a, b)).map(([text]) => text);
}

function selectSeries(
  querier: Querier,
  { startMs, endMs }: SelectorQuestion,
  matchers: readonly LabelMatcher[],
): SeriesSet {
  return querier.select({ minTimeMs: startMs, maxTimeMs: endMs, matchers });
}

function labelsAt(set: SeriesSet, index: number, { symbols }: Querier): Labels {
  const pairs: string[] = [];
  const end = set.labelEnds[index] as number;
  for (let at = index === 0 ? 0 : (set.labelEnds[index - 1] as number); at < end; at += 2) {
    pairs.push(symbols.text(set.labelIds[at] as number), symbols.text(set.labelIds[at + 1] as number));
  }
  return new Labels(pairs);
}

/** The same result with only its first `count` series. */
function firstSeries(result: QueryResult & { readonly series: object }, count: number): QueryResult {
  return { ...result, series: { ...result.series, count } } as QueryResult;
}
