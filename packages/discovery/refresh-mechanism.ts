/**
 * The mechanism of most clouds: ask for everything at a fixed interval.
 *
 *   section → REFRESH MECHANISM → manager
 *
 * Invariants
 *  - What cannot be refreshed keeps the targets it had, is logged and counted.
 *  - Refreshes start an interval apart, however long each takes; one that takes longer than the interval is
 *    followed by the next at once. Never two at the same time.
 */

import type { Mechanism, MechanismContext } from "./mechanism.ts";
import type { TargetGroup } from "./target-group.ts";

/** What to ask, and how often. */
export interface RefreshPlan {
  /** The mechanism's name, for metrics. */
  readonly name: string;
  readonly intervalMs: number;
  /** All groups as they are now. Rejects with what prevents it. */
  refresh(signal: AbortSignal): Promise<readonly TargetGroup[]>;
  /** Lets go of connections. */
  close?(): void;
}

/** Runs a plan. */
export function refreshMechanism(plan: RefreshPlan, context: MechanismContext): Mechanism {
  const { clock, logger, metrics, config = "" } = context;
  const refreshOnce = async (signal: AbortSignal): Promise<readonly TargetGroup[] | null> => {
    const startMs = clock.monotonicMs();
    try {
      return await plan.refresh(signal);
    } catch (error) {
      metrics.refreshFailed?.(plan.name, config);
      if (!signal.aborted) logger.error("Unable to refresh target groups", { err: error });
      return null;
    } finally {
      metrics.refreshed?.(plan.name, config, (clock.monotonicMs() - startMs) / 1000);
    }
  };
  return {
    run: async (update, signal) => {
      let nextMs = clock.monotonicMs();
      while (!signal.aborted) {
        const groups = await refreshOnce(signal);
        if (groups !== null && !signal.aborted) update(groups);
        nextMs = Math.max(nextMs + plan.intervalMs, clock.monotonicMs());
        await clock.sleep(nextMs - clock.monotonicMs(), signal);
      }
      plan.close?.();
    },
  };
}
