/**
 * label_replace and label_join: they change labels only, so rows pass through (relabel.ts).
 */

import { metricNameLabel } from "@narthex/model/labels";
import { isLabelName } from "@narthex/model/metric-name";
import { compileReplacement, type Replacement } from "@narthex/regex/replace";
import type { LabelJoinPlan, LabelReplacePlan } from "../plan-node.ts";
import { ExecutionError } from "../query-errors.ts";
import type { QueryContext } from "../query-context.ts";
import type { LabelSet, SeriesTable } from "../series-table.ts";
import type { Operator } from "./operator.ts";
import { RelabelOperator } from "./relabel.ts";

/** label_replace(input, target, replacement, source, pattern). Throws for a bad pattern or target. */
export function labelReplace(context: QueryContext, input: Operator, plan: LabelReplacePlan): Operator {
  const replacement = compile(plan);
  checkTarget(plan.target, "label_replace");
  const { symbols } = context;
  const sourceId = symbols.intern(plan.source);
  const targetId = symbols.intern(plan.target);
  const results = new Map<number, number | null>(); // by id of the source value
  const change = (set: LabelSet): boolean => {
    const valueId = set.get(sourceId);
    let result = results.get(valueId);
    if (result === undefined) {
      const text = replacement(symbols.text(valueId));
      result = text === null ? null : symbols.intern(text);
      results.set(valueId, result);
    }
    if (result === null) return false;
    set.set(targetId, result, symbols);
    return true;
  };
  return relabel(context, input, plan.target, change);
}

function compile({ pattern, replacement }: LabelReplacePlan): Replacement {
  try {
    return compileReplacement(pattern, replacement);
  } catch (cause) {
    throw new ExecutionError(`invalid regular expression in label_replace(): ${pattern}`, { cause });
  }
}

/** label_join(input, target, separator, sources…). Throws for a bad label name. */
export function labelJoin(context: QueryContext, input: Operator, plan: LabelJoinPlan): Operator {
  const { symbols } = context;
  for (const source of plan.sources) {
    if (!isLabelName(source))
      throw new ExecutionError(`invalid source label name in label_join(): ${source}`);
  }
  checkTarget(plan.target, "label_join");
  const sourceIds = plan.sources.map((name) => symbols.intern(name));
  const targetId = symbols.intern(plan.target);
  return relabel(context, input, plan.target, (set) => {
    const text = sourceIds.map((id) => symbols.text(set.get(id))).join(plan.separator);
    set.set(targetId, symbols.intern(text), symbols);
    return true;
  });
}

function checkTarget(target: string, name: string): void {
  if (!isLabelName(target))
    throw new ExecutionError(`invalid destination label name in ${name}(): ${target}`);
}

/** A series whose metric name was set keeps it, whatever was to be dropped before. */
function relabel(
  context: QueryContext,
  input: Operator,
  target: string,
  change: (set: LabelSet) => boolean,
): Operator {
  return new RelabelOperator(context, input, (table: SeriesTable) => {
    const drops = table.dropsName === null ? null : table.dropsName.slice();
    return {
      change: (set, i) => {
        if (change(set) && target === metricNameLabel && drops !== null) drops[i] = 0;
      },
      dropsName: () => drops,
      onSame: "merge",
    };
  });
}
