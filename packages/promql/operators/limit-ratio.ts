/**
 * limit_ratio: the share r of all series, always the same ones, chosen by the hash of their labels; a
 * negative r chooses what 1 + r leaves over. Rows pass through with the bits of the steps at which their
 * series is chosen.
 */

import type { Span } from "@narthex/promql-syntax/ast";
import { encodeLabelText } from "../functions/label-hash.ts";
import { ExecutionError } from "../query-errors.ts";
import { isHistogram } from "../histogram-rows.ts";
import type { QueryContext } from "../query-context.ts";
import { clearBitmap, hasBit, type RowBlock, type RowLayout } from "../rows.ts";
import { emptyTable, labelStart, pickSeries, type SeriesTable } from "../series-table.ts";
import type { Steps } from "../steps.ts";
import { warnOfRatio } from "../sample-annotations.ts";
import { groupSeries, type Grouping } from "./grouping.ts";
import { materialize, MatrixOperator, pickRows, scalarValues } from "./operator.ts";
import type { Matrix, Operator } from "./operator.ts";
import { RankHeap } from "./rank-heap.ts";

/** limit_ratio(`param`, `input`). An instant query yields the elements group by group. */
export function limitRatio(
  context: QueryContext,
  input: Operator,
  param: Operator,
  grouping: Grouping,
  paramSpan: Span,
): Operator {
  const chosen = new LimitRatioOperator(context, input, param, paramSpan);
  return context.isInstant && input.layout.steps === 1
    ? new GroupedElements(context, chosen, grouping)
    : chosen;
}

/** Whether a series at `share` of all hashes is among those that `ratio` (within ±1) chooses. */
export function isChosen(ratio: number, share: number): boolean {
  return ratio >= 0 ? share < ratio : share >= 1 + ratio;
}

class LimitRatioOperator implements Operator {
  readonly steps: Steps;
  readonly layout: RowLayout;
  readonly #context: QueryContext;
  readonly #input: Operator;
  readonly #param: Operator;
  readonly #paramSpan: Span;
  #ratios: Float64Array = new Float64Array(0);
  /** Whether all steps have the same ratio. */
  #isConstant = false;
  #shares: Float64Array = new Float64Array(0);
  #done = 0;

  constructor(context: QueryContext, input: Operator, param: Operator, paramSpan: Span) {
    this.#context = context;
    this.#input = input;
    this.#param = param;
    this.#paramSpan = paramSpan;
    this.steps = input.steps;
    this.layout = input.layout;
  }

  open(): SeriesTable {
    const ratios = scalarValues(this.#context, this.#param);
    const table = this.#input.open();
    if (ratios.every((ratio) => ratio === 0)) return emptyTable;
    this.#check(ratios);
    this.#ratios = ratios.map((ratio) => Math.min(1, Math.max(-1, ratio)));
    this.#isConstant = this.#ratios.every((ratio) => ratio === this.#ratios[0]);
    this.#shares = labelShares(this.#context, table);
    return table;
  }

  next(block: RowBlock): number {
    if (this.#shares.length === 0) return 0;
    const count = this.#input.next(block);
    const { u32 } = this.#context.arena;
    for (let i = 0; i < count; i++) {
      const share = this.#shares[this.#done + i];
      const presence = block.presenceAt(i);
      if (this.#isConstant) {
        if (!isChosen(this.#ratios[0], share)) clearBitmap(u32, presence, this.layout);
        continue;
      }
      for (let s = 0; s < this.layout.steps; s++) {
        if (!isChosen(this.#ratios[s], share)) u32[(presence >>> 2) + (s >>> 5)] &= ~(1 << (s & 31));
      }
    }
    this.#done += count;
    return count;
  }

  #check(ratios: Float64Array): void {
    const { annotations } = this.#context;
    if (ratios.some(Number.isNaN)) throw new ExecutionError("Ratio value is NaN");
    const [max, min] = [ratios.reduce((a, b) => Math.max(a, b)), ratios.reduce((a, b) => Math.min(a, b))];
    if (max > 1) warnOfRatio(annotations, max, 1, this.#paramSpan);
    if (min < -1) warnOfRatio(annotations, min, -1, this.#paramSpan);
  }
}

/** Where each label set lies among all hashes, in [0, 1]; as `labelShare`, by kernel. */
function labelShares(context: QueryContext, table: SeriesTable): Float64Array {
  const { arena, kernels, scratch, symbols, budget } = context;
  const texts = new Map<number, Uint8Array>();
  const encoded = (id: number): Uint8Array => {
    let text = texts.get(id);
    if (text === undefined) {
      text = encodeLabelText(symbols.text(id));
      texts.set(id, text);
    }
    return text;
  };
  const shares = new Float64Array(table.count);
  const mark = scratch.mark();
  const hashAt = scratch.take(8);
  let [textsAt, capacity] = [0, 0];
  for (let i = 0; i < table.count; i++) {
    const parts = Array.from(table.labelIds.subarray(labelStart(table, i), table.labelEnds[i]), encoded);
    const size = parts.reduce((sum, part) => sum + part.length, 0);
    budget.work(size);
    if (size > capacity) {
      capacity = 2 * size;
      textsAt = scratch.take(capacity);
    }
    let at = textsAt;
    for (const part of parts) {
      arena.u8.set(part, at);
      at += part.length;
    }
    kernels.xxHash64(textsAt, size, hashAt);
    // Both words in one addition: the sum is rounded once, as the conversion of the whole hash would be.
    const hash = arena.u32[(hashAt >>> 2) + 1] * 2 ** 32 + arena.u32[hashAt >>> 2];
    shares[i] = hash / 2 ** 64;
  }
  scratch.release(mark);
  return shares;
}

/** The elements at the only step, group by group, in the order in which the original's heap leaves them. */
class GroupedElements extends MatrixOperator {
  readonly #input: Operator;
  readonly #grouping: Grouping;

  constructor(context: QueryContext, input: Operator, grouping: Grouping) {
    super(context, input.steps, input.layout);
    this.#input = input;
    this.#grouping = grouping;
  }

  protected compute(): { table: SeriesTable; matrix: Matrix } {
    const { context } = this;
    const table = this.#input.open();
    const rows = materialize(context, this.#input, table);
    const { indexOf, sets } = groupSeries(table, this.#grouping, context.symbols);
    const heaps = Array.from({ length: sets.count }, () => new RankHeap("limitk"));
    const { f64, u32 } = context.arena;
    for (let i = 0; i < rows.count; i++) {
      if (hasBit(u32, rows.presenceAt[i], 0)) {
        // A histogram has no place of its own in that order.
        const value = isHistogram(u32, rows.kindsAt[i], 0) ? 0 : f64[rows.valuesAt[i] >>> 3];
        heaps[indexOf[i]].offer(value, i, Infinity);
      }
    }
    const order = heaps.flatMap((heap) => heap.ranked());
    return { table: pickSeries(table, order), matrix: pickRows(rows, order) };
  }
}
