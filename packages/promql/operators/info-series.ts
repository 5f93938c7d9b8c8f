/**
 * The series that info() takes labels from: which ones to ask for, when each had its newest sample, and which
 * of several with the same identity counts at a step.
 */

import { metricNameLabel } from "@narthex/model/labels";
import { LabelMatcher } from "@narthex/model/label-matcher";
import { isStaleAt } from "@narthex/model/sample";
import { SeriesBatch } from "@narthex/storage/series-batch";
import type { SeriesSet } from "@narthex/storage/querier";
import { isHistogram } from "../histogram-rows.ts";
import type { InfoPlan } from "../plan-node.ts";
import type { QueryContext } from "../query-context.ts";
import type { SampleTally } from "../sample-tally.ts";
import { ExecutionError } from "../query-errors.ts";
import { hasBit, setBit, type RowLayout } from "../rows.ts";
import { labelsOf, labelValueId, type SeriesTable } from "../series-table.ts";
import { lastStepMs, type Steps } from "../steps.ts";
import { Matrix } from "./operator.ts";

/** The labels by which a series finds its info series. */
export const identifyingLabels = ["instance", "job"] as const;

const targetInfo = new LabelMatcher("=", metricNameLabel, "target_info");

/** The conditions on the names of info series: those given, with what is meant when they do not say. */
export function infoNameMatchers(given: readonly LabelMatcher[] | null): readonly LabelMatcher[] {
  const names = (given ?? []).filter(({ name }) => name === metricNameLabel);
  if (names.some(({ kind }) => kind === "=" || kind === "=~")) return names;
  if (names.length === 0) return [targetInfo];
  return [new LabelMatcher("=~", metricNameLabel, ".+_info"), ...names];
}

/** From more values on a pattern costs more than series that are read for nothing. */
const mostValues = 200;

/**
 * Condition on one label: it has one of `values` (none empty, at least one), or any when these are many.
 */
function oneOf(name: string, values: readonly string[]): LabelMatcher {
  if (values.length === 1) return new LabelMatcher("=", name, values[0]);
  if (values.length > mostValues) return new LabelMatcher("=~", name, ".+");
  const quoted = values.map((value) => value.replace(/[\\.+*?()|[\]{}^$]/gu, "\\$&"));
  return new LabelMatcher("=~", name, quoted.join("|"));
}

/** Info series with the same name and identity, of which one counts at a step. */
export interface InfoGroup {
  /** Numbers of the series. */
  readonly series: number[];
  /** Per step the series that counts, -1 for none; made when first asked for. */
  chosen: Int32Array | null;
}

/** The info series of one query, with the time of the newest sample of each at every step. */
export class InfoSeries {
  readonly table: SeriesTable;
  readonly #context: QueryContext;
  /** Value ids of the identifying labels that are asked for; an empty set: any. */
  readonly #identities: readonly ReadonlySet<number>[];
  readonly #tally: SampleTally;
  /** Milliseconds; present where a series has a sample within the lookback. */
  readonly #times: Matrix;
  /** Groups by the ids of their identifying labels. */
  readonly #groups = new Map<string, InfoGroup[]>();

  /**
   * Asks for the info series of series whose identifying labels have the given value ids (per label, at
   * least one for any).
   */
  constructor(
    context: QueryContext,
    plan: InfoPlan,
    steps: Steps,
    layout: RowLayout,
    identities: readonly ReadonlySet<number>[],
  ) {
    this.#context = context;
    this.#identities = identities;
    this.#tally = context.tally;
    const { symbols } = context;
    const matchers = [
      ...identities.flatMap((ids, i) =>
        ids.size === 0
          ? []
          : [
              oneOf(
                identifyingLabels[i],
                Array.from(ids, (id) => symbols.text(id)),
              ),
            ],
      ),
      ...(plan.matchers ?? []).filter(({ name }) => name !== metricNameLabel),
      ...infoNameMatchers(plan.matchers),
    ];
    const firstMs = (plan.atMs ?? steps.startMs) - plan.offsetMs;
    const selector = context.addSelector({
      matchers,
      minTimeMs: firstMs - plan.lookbackMs + 1,
      maxTimeMs: (plan.atMs ?? lastStepMs(steps)) - plan.offsetMs,
    });
    const set = context.seriesSet(selector);
    const { count, labelIds, labelEnds } = set;
    this.table = { count, labelIds, labelEnds, dropsName: null };
    this.#times = Matrix.allocate(context, layout, count);
    this.#readTimes(set, firstMs, plan.atMs === null ? steps.stepMs : 0, plan.lookbackMs);
    this.#group();
  }

  /** The groups (one per name of info series) of the series with these ids of identifying labels. */
  groupsOf(identity: readonly number[]): readonly InfoGroup[] {
    return this.#groups.get(identity.join()) ?? [];
  }

  /** All groups of several series: these may conflict. */
  *crowded(): Generator<InfoGroup, void, undefined> {
    for (const groups of this.#groups.values()) {
      for (const group of groups) if (group.series.length > 1) yield group;
    }
  }

  /**
   * Per step the series of a group that counts: the one with the newest sample. Throws where two are equally
   * new at a step that is set in the bitmap `wantedAt`.
   */
  chosen(group: InfoGroup, wantedAt: number): Int32Array {
    group.chosen ??= this.#choose(group.series, wantedAt);
    return group.chosen;
  }

  #choose(series: readonly number[], wantedAt: number): Int32Array {
    const { f64, u32 } = this.#context.arena;
    const { valuesAt, presenceAt, layout } = this.#times;
    const chosen = new Int32Array(layout.steps).fill(-1);
    for (let s = 0; s < layout.steps; s++) {
      if (!hasBit(u32, wantedAt, s)) continue;
      for (const one of series) {
        if (!hasBit(u32, presenceAt[one], s)) continue;
        const best = chosen[s];
        const difference = best < 0 ? 1 : f64[(valuesAt[one] >>> 3) + s] - f64[(valuesAt[best] >>> 3) + s];
        if (difference === 0) this.#failOnTwo(best, one, f64[(valuesAt[one] >>> 3) + s]);
        if (difference > 0) chosen[s] = one;
      }
    }
    return chosen;
  }

  #failOnTwo(existing: number, added: number, timeMs: number): never {
    const { symbols } = this.#context;
    const shown = (i: number): string => `${labelsOf(this.table, i, symbols).toString()} @ ${timeMs}`;
    throw new ExecutionError(
      `found duplicate series for info metric: existing ${shown(existing)}, new ${shown(added)}`,
    );
  }

  #failOnHistogram(series: number): never {
    const labels = labelsOf(this.table, series, this.#context.symbols).toString();
    throw new ExecutionError(`this should be an info metric, with float samples: ${labels}`);
  }

  #readTimes(set: SeriesSet, firstMs: number, stepMs: number, lookbackMs: number): void {
    const { scratch, budget } = this.#context;
    const batch = new SeriesBatch();
    for (let first = 0; first < set.count;) {
      budget.check();
      const mark = scratch.mark();
      const count = set.read(first, Math.min(SeriesBatch.capacity, set.count - first), batch, scratch);
      for (let i = 0; i < count; i++) {
        if (this.#isAskedFor(this.#identityOf(first + i))) {
          this.#fillTimes(first + i, batch, i, firstMs, stepMs, lookbackMs);
        }
      }
      scratch.release(mark);
      first += count;
    }
  }

  #fillTimes(
    series: number,
    batch: SeriesBatch,
    i: number,
    firstMs: number,
    stepMs: number,
    lookbackMs: number,
  ): void {
    const { arena, budget } = this.#context;
    const { f64, u32 } = arena;
    const { valuesAt, presenceAt, layout } = this.#times;
    const [times, values, samples] = [batch.timesAt[i] >>> 3, batch.valuesAt[i] >>> 3, batch.count[i]];
    let newest = -1;
    let present = 0;
    for (let s = 0; s < layout.steps; s++) {
      const timeMs = firstMs + s * stepMs;
      while (newest + 1 < samples && f64[times + newest + 1] <= timeMs) newest++;
      if (newest < 0 || f64[times + newest] <= timeMs - lookbackMs) continue;
      if (isStaleAt(f64, values + newest)) continue;
      if (isHistogram(u32, batch.kindsAt[i], newest)) this.#failOnHistogram(series);
      f64[(valuesAt[series] >>> 3) + s] = f64[times + newest];
      setBit(u32, presenceAt[series], s);
      present++;
    }
    budget.add(present);
    this.#tally.addRow(arena, presenceAt[series], valuesAt[series], 0, present);
  }

  #identityOf(series: number): readonly number[] {
    const { symbols } = this.#context;
    return identifyingLabels.map((label) => labelValueId(this.table, series, symbols.intern(label)));
  }

  #isAskedFor(identity: readonly number[]): boolean {
    return this.#identities.every((ids, i) => ids.size === 0 || ids.has(identity[i]));
  }

  #group(): void {
    const { symbols } = this.#context;
    const nameId = symbols.intern(metricNameLabel);
    const known = new Map<string, InfoGroup>();
    for (let i = 0; i < this.table.count; i++) {
      const ids = this.#identityOf(i);
      if (!this.#isAskedFor(ids)) continue;
      const identity = ids.join();
      const key = `${labelValueId(this.table, i, nameId)} ${identity}`;
      let group = known.get(key);
      if (group === undefined) {
        group = { series: [], chosen: null };
        known.set(key, group);
        const groups = this.#groups.get(identity);
        if (groups === undefined) this.#groups.set(identity, [group]);
        else groups.push(group);
      }
      group.series.push(i);
    }
  }
}
