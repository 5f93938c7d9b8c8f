import assert from "node:assert/strict";
import { test } from "node:test";
import { systemDisk } from "@narthex/platform/disk";
import { silentLogger } from "@narthex/platform/logger";
import { VirtualClock } from "@narthex/platform/virtual-clock";
import { watchDirectory } from "@narthex/platform/watch";
import { Labels } from "@narthex/model/labels";
import { noDiscoveryMetrics } from "./discovery-metrics.ts";
import { DiscoveryManager, type TargetSets } from "./manager.ts";
import type { MechanismConfig, UpdateGroups } from "./mechanism.ts";
import type { TargetGroup } from "./target-group.ts";

/** A group from `source address address`. */
function group(words: string): TargetGroup {
  const [source = "", ...addresses] = words.split(" ");
  return {
    source,
    targets: addresses.map((address) => Labels.fromObject({ __address__: address })),
    labels: Labels.empty,
  };
}

/** `job: address address, job: …` */
function shown(sets: TargetSets | undefined): string {
  return [...(sets ?? [])]
    .map(
      ([job, groups]) =>
        `${job}:${groups
          .flatMap(({ targets }) => targets)
          .map((target) => ` ${target.get("__address__")}`)
          .join("")}`,
    )
    .join(", ");
}

function fixture() {
  const clock = new VirtualClock();
  const sent: { readonly atMs: number; readonly sets: TargetSets }[] = [];
  const startMs = clock.nowMs();
  const manager = new DiscoveryManager(
    { clock, disk: systemDisk, watch: watchDirectory, logger: silentLogger, metrics: noDiscoveryMetrics },
    (sets) => sent.push({ atMs: clock.nowMs() - startMs, sets }),
  );
  return { clock, manager, sent };
}

/** A mechanism that says `first` when it starts and what the test wants later. */
function told(name: string, ...first: string[]) {
  const state = { say: (() => {}) as UpdateGroups, starts: 0, stops: 0 };
  const config: MechanismConfig = {
    name,
    identity: name,
    create: () => ({
      run: (update, signal) => {
        state.starts++;
        state.say = update;
        update(first.map(group));
        return new Promise((resolve) =>
          signal.addEventListener("abort", () => {
            state.stops++;
            resolve();
          }),
        );
      },
    }),
  };
  return { config, state };
}

test("the first update goes out at once, later ones at growing distances", async () => {
  const { clock, manager, sent } = fixture();
  const a = told("a", "s a:1");
  manager.apply(
    new Map([
      ["job", [a.config]],
      ["empty", []],
    ]),
  );
  await clock.advance(0);
  assert.equal(shown(sent[0]?.sets), "job: a:1, empty:");
  for (let i = 0; i < 300; i++) {
    a.state.say([group(`s a:${i}`)]);
    await clock.advance(100);
  }
  const gaps = sent.slice(1).map(({ atMs }, i) => atMs - (sent[i]?.atMs ?? 0));
  assert.ok(gaps.every((gap) => gap <= 5_100) && (gaps.at(-1) as number) >= 4_900, gaps.join(" "));
  assert.ok(sent.length < 20);
  await clock.advance(20_000);
  const before = sent.length;
  a.state.say([group("s b:1")]);
  await clock.advance(0);
  assert.equal(sent.length, before + 1);
  await manager.stop();
});

test("groups replace and remove each other by source", async () => {
  const { clock, manager, sent } = fixture();
  const a = told("a", "s a:1", "t a:2");
  manager.apply(new Map([["job", [a.config]]]));
  a.state.say([group("s a:3 a:4")]);
  await clock.advance(10_000);
  assert.equal(shown(sent.at(-1)?.sets), "job: a:3 a:4 a:2");
  a.state.say([group("s")]);
  await clock.advance(10_000);
  assert.equal(shown(sent.at(-1)?.sets), "job: a:2");
  await manager.stop();
  assert.equal(a.state.stops, 1);
});

test("a reload keeps equal sections running and shares them between jobs", async () => {
  const { clock, manager, sent } = fixture();
  const a = told("a", "s a:1");
  const b = told("b", "s b:1");
  manager.apply(
    new Map([
      ["one", [a.config]],
      ["two", [b.config]],
    ]),
  );
  await clock.advance(10_000);
  manager.apply(
    new Map([
      ["one", [told("a").config]],
      ["three", [a.config]],
    ]),
  );
  await clock.advance(10_000);
  assert.equal(shown(sent.at(-1)?.sets), "one: a:1, three: a:1");
  assert.deepEqual([a.state.starts, a.state.stops, b.state.stops], [1, 0, 1]);
  await manager.stop();
});
