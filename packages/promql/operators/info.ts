/**
 * info(): every series gets the labels of the info series (`target_info`, `build_info`, …) with the same
 * `instance` and `job`, step by step, since info series change.
 *
 *  1. Read all rows of the input; ask for the info series of the identities that occur (info-series.ts).
 *  2. Per row and step, look up which info series count; where they are the same as at the step before,
 *     the value goes into the same result row.
 *  3. Result rows are numbered by their labels; two values under equal labels at one step are an error.
 */

import { metricNameLabel } from "@narthex/model/labels";
import type { LabelMatcher } from "@narthex/model/label-matcher";
import type { InfoPlan } from "../plan-node.ts";
import type { QueryContext } from "../query-context.ts";
import { ExecutionError } from "../query-errors.ts";
import {
  clearBitmap,
  copyBitmap,
  copyValues,
  hasBit,
  isEmptyBitmap,
  mergeBitmap,
  setBit,
  type RowAt,
} from "../rows.ts";
import type { SampleTally } from "../sample-tally.ts";
import { labelStart, labelValueId, LabelSet, LabelSetIndex, type SeriesTable } from "../series-table.ts";
import { identifyingLabels, infoNameMatchers, InfoSeries, type InfoGroup } from "./info-series.ts";
import { holdRows, materialize, Matrix, MatrixOperator, type Operator } from "./operator.ts";
import { mergeRow } from "./relabel.ts";

/** Yields the rows of the input under more labels. */
export class InfoOperator extends MatrixOperator {
  readonly #input: Operator;
  readonly #plan: InfoPlan;
  readonly #tally: SampleTally;

  constructor(context: QueryContext, input: Operator, plan: InfoPlan) {
    super(context, input.steps, input.layout);
    this.#input = input;
    this.#plan = plan;
    this.#tally = context.tally;
  }

  protected compute(): { table: SeriesTable; matrix: Matrix } {
    const { context, layout } = this;
    const { budget } = context;
    const table = this.#input.open();
    const rows = materialize(context, this.#input, table);
    const { arena } = context; // views taken anew: memory may grow
    const before = budget.samples;
    const isInfo = this.#infoSeriesOf(table);
    const wantedAt = context.scratch.take(layout.bitmapBytes);
    clearBitmap(arena.u32, wantedAt, layout);
    for (const presenceAt of rows.presenceAt) mergeBitmap(arena.u32, wantedAt, presenceAt, layout);
    const results = new Results(context, table, rows);
    const infos = context.inTally(this.#tally, () => this.#select(table, rows, isInfo));
    for (const group of infos?.crowded() ?? []) infos?.chosen(group, wantedAt);
    const labels = new InfoLabels(context, infos?.table ?? null, this.#plan.matchers);
    for (let i = 0; i < table.count; i++) {
      if (isEmptyBitmap(arena.u32, rows.presenceAt[i], layout)) continue;
      budget.work(layout.steps);
      if (isInfo[i] !== 0) results.addWhole(i);
      else this.#enrich(i, table, infos, labels, wantedAt, results);
    }
    budget.returnTo(before);
    const finished = results.finish();
    holdRows(context, finished.matrix);
    return finished;
  }

  /** Which series are themselves such as labels are taken from: these stay as they are. */
  #infoSeriesOf(table: SeriesTable): Uint8Array {
    const { symbols } = this.context;
    const matchers = infoNameMatchers(this.#plan.matchers);
    const nameId = symbols.intern(metricNameLabel);
    return Uint8Array.from({ length: table.count }, (_, i) => {
      const name = symbols.text(labelValueId(table, i, nameId));
      return matchers.every((matcher) => matcher.matches(name)) ? 1 : 0;
    });
  }

  /** The info series of all identities in the input, null when there is no identity. */
  #select(table: SeriesTable, rows: Matrix, isInfo: Uint8Array): InfoSeries | null {
    const { context, layout } = this;
    const identities = identifyingLabels.map((label) => {
      const id = context.symbols.intern(label);
      const values = new Set<number>();
      for (let i = 0; i < table.count; i++) {
        if (isInfo[i] === 0 && !isEmptyBitmap(context.arena.u32, rows.presenceAt[i], layout)) {
          values.add(labelValueId(table, i, id));
        }
      }
      values.delete(0);
      return values;
    });
    if (identities.every((values) => values.size === 0)) return null;
    return new InfoSeries(context, this.#plan, this.steps, layout, identities);
  }

  #enrich(
    i: number,
    table: SeriesTable,
    infos: InfoSeries | null,
    labels: InfoLabels,
    wantedAt: number,
    results: Results,
  ): void {
    const { symbols } = this.context;
    const identity = identifyingLabels.map((label) => labelValueId(table, i, symbols.intern(label)));
    const groups: readonly InfoGroup[] = infos?.groupsOf(identity) ?? [];
    if (infos === null || groups.length === 0) {
      if (labels.mayBeAbsent) results.addWhole(i);
      return;
    }
    const chosen = groups.map((group) => infos.chosen(group, wantedAt));
    const current = new Int32Array(groups.length).fill(-2);
    let row: number | null = null;
    for (const s of results.stepsOf(i)) {
      let changed = false;
      for (let g = 0; g < chosen.length; g++) {
        if (current[g] === chosen[g][s]) continue;
        current[g] = chosen[g][s];
        changed = true;
      }
      if (changed) {
        const known = current.filter((series) => series >= 0);
        const isDropped = known.length === 0 && !labels.mayBeAbsent;
        row = isDropped ? null : results.rowFor(i, (set) => labels.addTo(set, known));
      }
      if (row !== null) results.addStep(row, s);
    }
    results.flush(i);
  }
}

/** What labels info series give. */
class InfoLabels {
  readonly #context: QueryContext;
  readonly #table: SeriesTable | null;
  /** Ids of the labels that are wanted; empty: all. */
  readonly #wanted: ReadonlySet<number>;
  /** Whether series without info series stay. */
  readonly mayBeAbsent: boolean;

  constructor(context: QueryContext, table: SeriesTable | null, matchers: readonly LabelMatcher[] | null) {
    const data = (matchers ?? []).filter(({ name }) => name !== metricNameLabel);
    this.#context = context;
    this.#table = table;
    this.#wanted = new Set(data.map(({ name }) => context.symbols.intern(name)));
    this.mayBeAbsent = data.every((matcher) => matcher.matches(""));
  }

  /** Adds the labels of the info series; what the set has already stays. Throws when two disagree. */
  addTo(set: LabelSet, series: Int32Array): LabelSet {
    const { symbols } = this.#context;
    const table = this.#table as SeriesTable;
    const nameId = symbols.intern(metricNameLabel);
    const added = new Map<number, number>();
    for (const one of series) {
      for (let at = labelStart(table, one); at < table.labelEnds[one]; at += 2) {
        const [name, value] = [table.labelIds[at], table.labelIds[at + 1]];
        if (name === nameId || (this.#wanted.size > 0 && !this.#wanted.has(name))) continue;
        const other = added.get(name);
        if (other !== undefined && other !== value) {
          throw new ExecutionError(`conflicting label: ${symbols.text(name)}`);
        }
        if (set.get(name) === 0) added.set(name, value);
      }
    }
    for (const [name, value] of added) set.set(name, value, symbols);
    return set;
  }
}

/** The rows of the result, by their labels. */
class Results {
  readonly #context: QueryContext;
  readonly #table: SeriesTable;
  readonly #rows: Matrix;
  readonly #sets = new LabelSetIndex();
  readonly #set = new LabelSet();
  readonly #found: RowAt[] = [];
  readonly #drops: number[] = [];
  /** Steps of the current input row per result row, not yet merged. */
  readonly #pending = new Map<number, number>();

  constructor(context: QueryContext, table: SeriesTable, rows: Matrix) {
    this.#context = context;
    this.#table = table;
    this.#rows = rows;
  }

  /** The steps at which input row `i` has a value. */
  *stepsOf(i: number): Generator<number, void, undefined> {
    const { layout, presenceAt } = this.#rows;
    const { arena } = this.#context; // views taken anew: memory may grow between steps
    for (let s = 0; s < layout.steps; s++) if (hasBit(arena.u32, presenceAt[i], s)) yield s;
  }

  /** The result row for values of input row `i` under its labels changed by `change`. */
  rowFor(i: number, change: (set: LabelSet) => LabelSet): number {
    const number = this.#sets.add(change(this.#set.load(this.#table, i)));
    if (number === this.#drops.length) {
      this.#drops.push(this.#table.dropsName?.[i] ?? 0);
      this.#found.push({ valuesAt: 0, presenceAt: 0, kindsAt: 0 });
    }
    return number;
  }

  /** Says that the current input row's value at a step belongs to a result row. */
  addStep(row: number, step: number): void {
    const { layout } = this.#rows;
    const { scratch, arena } = this.#context;
    let bitmap = this.#pending.get(row);
    if (bitmap === undefined) {
      bitmap = scratch.take(layout.bitmapBytes);
      clearBitmap(arena.u32, bitmap, layout);
      this.#pending.set(row, bitmap);
    }
    setBit(arena.u32, bitmap, step);
  }

  /** Moves the values of input row `i` to the result rows named since the last call. */
  flush(i: number): void {
    const { layout } = this.#rows;
    const source = this.#rows.row(i);
    let isOwned = false; // the first result row keeps the values where they are, others get copies
    for (const [row, bitmap] of this.#pending) {
      const from = { ...source, presenceAt: bitmap };
      if (this.#found[row].presenceAt !== 0) {
        this.#found[row] = mergeRow(this.#context, this.#found[row], from, layout);
        continue;
      }
      this.#found[row] = isOwned ? this.#copyOf(from) : from;
      isOwned = true;
    }
    this.#pending.clear();
  }

  /** The row with values and kinds of its own, which can be changed. */
  #copyOf(row: RowAt): RowAt {
    const { layout } = this.#rows;
    const { scratch, arena } = this.#context;
    const valuesAt = scratch.take(layout.rowBytes);
    copyValues(arena, row.valuesAt, valuesAt, layout);
    if (row.kindsAt === 0) return { ...row, valuesAt };
    const kindsAt = scratch.take(layout.bitmapBytes);
    copyBitmap(arena.u32, row.kindsAt, kindsAt, layout);
    return { ...row, valuesAt, kindsAt };
  }

  /** Puts all values of input row `i` under its own labels. */
  addWhole(i: number): void {
    const { layout, presenceAt } = this.#rows;
    const bitmap = this.#context.scratch.take(layout.bitmapBytes);
    copyBitmap(this.#context.arena.u32, presenceAt[i], bitmap, layout);
    this.#pending.set(
      this.rowFor(i, (set) => set),
      bitmap,
    );
    this.flush(i);
  }

  finish(): { table: SeriesTable; matrix: Matrix } {
    const drops = this.#table.dropsName === null ? null : Uint8Array.from(this.#drops);
    const matrix = Matrix.of(this.#rows.layout, this.#found);
    return { table: this.#sets.toTable(drops), matrix };
  }
}
