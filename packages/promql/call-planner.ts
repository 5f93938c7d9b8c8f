/**
 * What planning a call needs of the planner of the whole query (plan.ts).
 */

import type {
  AtModifier,
  Duration,
  Expr,
  MatrixSelector,
  Subquery,
  VectorSelector,
} from "@narthex/promql-syntax/ast";
import type { PlanNode, PlanOptions, TimeShift, WindowsPlan } from "./plan-node.ts";
import type { Steps } from "./steps.ts";

/** What planning a call needs of the planner. */
export interface CallPlanner {
  readonly options: PlanOptions;
  /** Plans a part, evaluated once if it is the same at every step. */
  child(expr: Expr, steps: Steps): PlanNode;
  /** A range vector. */
  windows(expr: MatrixSelector | Subquery, steps: Steps): WindowsPlan;
  /** An instant selector's request and times. */
  selector(expr: VectorSelector, steps: Steps): { selector: number; lookbackMs: number } & TimeShift;
  /** `@` and offset as numbers. */
  shift(at: AtModifier | null, offset: Duration): TimeShift;
}
