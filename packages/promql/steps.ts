/**
 * The moments a query, or a subquery in it, is evaluated at: evenly spaced, at least one.
 */

/** `count` moments from `startMs` on, `stepMs` apart. */
export interface Steps {
  readonly startMs: number;
  /** Above 0, also for a single moment. */
  readonly stepMs: number;
  readonly count: number;
}

/** One moment. */
export function oneStep(timeMs: number): Steps {
  return { startMs: timeMs, stepMs: 1, count: 1 };
}

/**
 * All moments from `startMs` to `endMs` (inclusive) that lie whole steps after the start; none when it ends
 * before.
 */
export function stepsBetween(startMs: number, endMs: number, stepMs: number): Steps {
  return { startMs, stepMs, count: endMs < startMs ? 0 : Math.floor((endMs - startMs) / stepMs) + 1 };
}

/** The last moment. */
export function lastStepMs(steps: Steps): number {
  return steps.startMs + (steps.count - 1) * steps.stepMs;
}

/**
 * The steps of a subquery: multiples of `stepMs` after the start of the first window, up to the end of the
 * last. None when no multiple lies in the windows.
 */
export function subquerySteps(
  outer: Steps,
  atMs: number | null,
  offsetMs: number,
  rangeMs: number,
  stepMs: number,
): Steps {
  const afterMs = (atMs ?? outer.startMs) - offsetMs - rangeMs;
  const endMs = (atMs ?? lastStepMs(outer)) - offsetMs;
  let startMs = stepMs * Math.trunc(afterMs / stepMs);
  if (startMs <= afterMs) startMs += stepMs;
  return stepsBetween(startMs, endMs, stepMs);
}
