/**
 * Functions of native histograms alone: every histogram becomes a number, floats go away.
 */

import type { FloatHistogram } from "@narthex/model/float-histogram";
import { histogramFunctions } from "../functions/histogram-functions.ts";
import { histogramAt, recordAt } from "../histogram-rows.ts";
import { recordCount, recordSum } from "@narthex/storage/histogram-record";
import type { QueryContext } from "../query-context.ts";
import { clearBitmap, hasBit, type RowBlock } from "../rows.ts";
import { MapOperator } from "./map-rows.ts";
import type { Operator } from "./operator.ts";
import { withoutNames } from "./relabel.ts";

/** The function `name` of the table, of each histogram. Metric names go, their other labels stay. */
export function mapHistograms(context: QueryContext, input: Operator, name: string): Operator {
  const valueOf = reader(context, name);
  const { arena } = context;
  const change = (block: RowBlock, row: number): void => {
    const { valuesAt, presenceAt, kindsAt } = block.row(row);
    const { f64, u32 } = arena;
    for (let w = 0; w < block.layout.words; w++) {
      u32[(presenceAt >>> 2) + w] &= u32[(kindsAt >>> 2) + w];
    }
    for (let s = 0; s < block.layout.steps; s++) {
      if (hasBit(u32, presenceAt, s)) f64[(valuesAt >>> 3) + s] = valueOf(valuesAt, s);
    }
    block.hasHistograms[row] = 0;
  };
  const mapped = new MapOperator(input, change, () => (_, presenceAt) => {
    clearBitmap(arena.u32, presenceAt, input.layout);
  });
  return withoutNames(context, mapped, "merge", context.metricLabelIds.slice(0, 1));
}

/** How the result for the histogram at a step is found; count and sum without decoding the rest. */
function reader({ arena }: QueryContext, name: string): (valuesAt: number, step: number) => number {
  if (name === "histogram_count") return (at, step) => recordCount(arena, recordAt(arena, at, step));
  if (name === "histogram_sum") return (at, step) => recordSum(arena, recordAt(arena, at, step));
  const definition = histogramFunctions.get(name) as (h: FloatHistogram) => number;
  return (at, step) => definition(histogramAt(arena, at, step));
}
