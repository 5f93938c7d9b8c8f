import assert from "node:assert/strict";
import { test } from "node:test";
import { systemDisk } from "@narthex/platform/disk";
import { silentLogger } from "@narthex/platform/logger";
import { VirtualClock } from "@narthex/platform/virtual-clock";
import { watchDirectory } from "@narthex/platform/watch";
import { Labels } from "@narthex/model/labels";
import { noDiscoveryMetrics } from "./discovery-metrics.ts";
import { refreshMechanism } from "./refresh-mechanism.ts";

test("refreshes start an interval apart, never two at once; failures are counted", async () => {
  const clock = new VirtualClock();
  const startMs = clock.monotonicMs();
  const started: number[] = [];
  const seen: string[] = [];
  const counted: string[] = [];
  let closed = 0;
  const mechanism = refreshMechanism(
    {
      name: "slow",
      intervalMs: 10_000,
      refresh: async (signal) => {
        started.push(clock.monotonicMs() - startMs);
        // The second takes longer than the interval, the third fails.
        await clock.sleep(started.length === 2 ? 14_000 : 1_000, signal);
        if (started.length === 3) throw new Error("refused");
        return [{ source: String(started.length), targets: [], labels: Labels.empty }];
      },
      close: () => closed++,
    },
    {
      clock,
      disk: systemDisk,
      watch: watchDirectory,
      logger: silentLogger,
      config: "job",
      metrics: {
        ...noDiscoveryMetrics,
        refreshFailed: (name, config) => counted.push(`${name} ${config}`),
        refreshed: (_name, _config, seconds) => counted.push(String(seconds)),
      },
    },
  );
  const stop = new AbortController();
  const running = mechanism.run((groups) => seen.push(groups[0]?.source ?? ""), stop.signal);
  await clock.advance(46_000);
  stop.abort();
  await running;
  assert.deepEqual(started, [0, 10_000, 24_000, 34_000, 44_000]);
  assert.deepEqual(seen, ["1", "2", "4", "5"]);
  assert.deepEqual(counted, ["1", "14", "slow job", "1", "1", "1"]);
  assert.equal(closed, 1);
});
