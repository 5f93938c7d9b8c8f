import assert from "node:assert/strict";
import { test } from "node:test";
import { systemDisk } from "@narthex/platform/disk";
import { silentLogger } from "@narthex/platform/logger";
import { VirtualClock } from "@narthex/platform/virtual-clock";
import { watchDirectory } from "@narthex/platform/watch";
import { Labels } from "@narthex/model/labels";
import { discoverOnce } from "./discover-once.ts";
import { noDiscoveryMetrics } from "./discovery-metrics.ts";
import type { MechanismConfig } from "./mechanism.ts";

const target = Labels.fromObject({ __address__: "a:1" });
const group = (source: string, isEmpty = false) => ({
  source,
  targets: isEmpty ? [] : [target],
  labels: Labels.empty,
});

function world() {
  const clock = new VirtualClock();
  const rest = { disk: systemDisk, watch: watchDirectory, logger: silentLogger, metrics: noDiscoveryMetrics };
  return { clock, context: { clock, ...rest } };
}

/** A mechanism that says one group at once and a second after a second. */
const slow: MechanismConfig = {
  name: "slow",
  identity: "slow",
  create: ({ clock }) => ({
    run: async (update, signal) => {
      update([group("first"), group("none", true)]);
      await clock.sleep(1_000, signal);
      if (!signal.aborted) update([group("second")]);
    },
  }),
};

test("mechanisms are run for a while, and what they found last is told", async () => {
  const { clock, context } = world();
  const broken: MechanismConfig = {
    name: "broken",
    identity: "broken",
    create: () => {
      throw new Error("cannot be made");
    },
  };
  const found = discoverOnce([slow, broken], 5_000, context);
  await clock.advance(5_000);
  const { groups, failures } = await found;
  assert.deepEqual(
    groups.map(({ source }) => source),
    ["first", "second"],
  );
  assert.deepEqual(
    failures.map(({ message }) => message),
    ["cannot be made"],
  );
});

test("without waiting, the first word of each is enough; time ends it", async () => {
  const { clock, context } = world();
  const quick = await discoverOnce([slow], 5_000, context, false);
  assert.deepEqual(
    quick.groups.map(({ source }) => source),
    ["first"],
  );
  const cut = discoverOnce([slow], 500, context);
  await clock.advance(500);
  assert.deepEqual(
    (await cut).groups.map(({ source }) => source),
    ["first"],
  );
});
