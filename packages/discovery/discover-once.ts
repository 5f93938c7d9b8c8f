/**
 * Runs the mechanisms of one section for a while and tells what they found: what `promtool check
 * service-discovery` shows.
 */

import type { MechanismConfig, MechanismContext } from "./mechanism.ts";
import type { TargetGroup } from "./target-group.ts";

/** What was found in the time given. */
export interface Discovered {
  /** Groups with targets, in the order in which they were first said. */
  readonly groups: readonly TargetGroup[];
  /** Mechanisms that could not be made, in the words of their errors. */
  readonly failures: readonly Error[];
}

/**
 * Runs `configs` until each of them said something, and at most for `timeoutMs`. A mechanism that reports in
 * several steps is given the rest of the time when `waits` is set.
 */
export async function discoverOnce(
  configs: readonly MechanismConfig[],
  timeoutMs: number,
  context: MechanismContext,
  waits = true,
): Promise<Discovered> {
  const stop = new AbortController();
  const groups = new Map<string, TargetGroup>();
  const failures: Error[] = [];
  const silent = new Set<number>(configs.keys());
  const timer = context.clock.after(timeoutMs, () => stop.abort());
  const running = configs.map(async (config, i) => {
    try {
      const mechanism = config.create(context);
      await mechanism.run((updates) => {
        for (const group of updates) groups.set(`${i} ${group.source}`, group);
        silent.delete(i);
        if (silent.size === 0 && !waits) stop.abort();
      }, stop.signal);
    } catch (error) {
      failures.push(error as Error);
      silent.delete(i);
      if (silent.size === 0 && !waits) stop.abort();
    }
  });
  await Promise.all(running);
  timer.stop();
  return { groups: [...groups.values()].filter(({ targets }) => targets.length > 0), failures };
}
