import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeDocument } from "@narthex/config/decode";
import { parseYaml } from "@narthex/config/yaml-document";
import { groupFrom, type TargetGroup } from "@narthex/discovery/target-group";
import { PageMemory } from "@narthex/exposition/page-memory";
import { Arena } from "@narthex/kernel/arena";
import { loadKernels } from "@narthex/kernel/load";
import { Scratch } from "@narthex/kernel/scratch";
import { Labels } from "@narthex/model/labels";
import { silentLogger } from "@narthex/platform/logger";
import { VirtualClock } from "@narthex/platform/virtual-clock";
import { MemoryStorage } from "@narthex/storage/memory-storage";
import { defaultGlobal } from "./global-config.ts";
import { resolveScrapeConfig, scrapeFileSection, type ScrapeConfig } from "./scrape-config.ts";
import { ScrapeManager } from "./scrape-manager.ts";
import { noScrapeMetrics } from "./scrape-metrics.ts";

function configs(...jobs: string[]): ScrapeConfig[] {
  const yaml = `scrape_configs:\n${jobs.map((job) => `- ${job}\n`).join("")}`;
  return decodeDocument(parseYaml(yaml, "f.yml"), scrapeFileSection).scrape_configs.map((section) =>
    resolveScrapeConfig(section, defaultGlobal(), (path) => path),
  );
}

const groups = (...targets: string[]): TargetGroup[] => [
  groupFrom({ targets, labels: new Map() }, "static/0"),
];

/** `job: instance instance, …` */
function shown(manager: ScrapeManager): string {
  return [...manager.views()]
    .map(([job, { active }]) =>
      [`${job}:`, ...active.map((target) => target.publicLabels.get("instance"))].join(" "),
    )
    .join(", ");
}

interface Scene {
  readonly manager: ScrapeManager;
  readonly events: string[];
}

async function scene(run: (scene: Scene) => Promise<void>): Promise<void> {
  const arena = Arena.create();
  const events: string[] = [];
  const manager = new ScrapeManager({
    appendable: new MemoryStorage(),
    clock: new VirtualClock(),
    logger: silentLogger,
    hostname: "host",
    memory: new PageMemory(arena, loadKernels(arena).slabCreate() >>> 0, new Scratch(arena)),
    userAgent: "Prometheus/3.14.0",
    alignToleranceMs: 2,
    metrics: {
      ...noScrapeMetrics,
      poolCreated: () => events.push("created"),
      poolReloaded: () => events.push("reloaded"),
      poolRemoved: (job) => events.push(`removed ${job}`),
    },
  });
  try {
    await run({ manager, events });
  } finally {
    await manager.stop();
  }
}

test("pools follow configuration and groups", () =>
  scene(async ({ manager, events }) => {
    await manager.apply(configs("{job_name: a}", "{job_name: b}"), Labels.empty);
    assert.equal(shown(manager), "");
    manager.update(
      new Map([
        ["a", groups("x:1", "x:2")],
        ["b", groups("y:1")],
        ["unknown", groups("z:1")],
      ]),
    );
    await manager.settled();
    assert.equal(shown(manager), "a: x:1 x:2, b: y:1");
    manager.update(
      new Map([
        ["a", groups("x:2", "x:3")],
        ["b", []],
      ]),
    );
    await manager.settled();
    assert.equal(shown(manager), "a: x:2 x:3, b:");
    await manager.apply(configs("{job_name: a}"), Labels.empty);
    assert.equal(shown(manager), "a: x:2 x:3");
    assert.deepEqual(events, ["created", "created", "removed b"]);
  }));

test("a reload touches only what changed", () =>
  scene(async ({ manager, events }) => {
    await manager.apply(configs("{job_name: a}", "{job_name: b}"), Labels.empty);
    manager.update(
      new Map([
        ["a", groups("x:1")],
        ["b", groups("y:1")],
      ]),
    );
    await manager.settled();
    await manager.apply(configs("{job_name: a}", "{job_name: b, sample_limit: 3}"), Labels.empty);
    assert.deepEqual(events, ["created", "created", "reloaded"]);
    await manager.apply(
      configs("{job_name: a}", "{job_name: b, sample_limit: 3}"),
      Labels.fromObject({ r: "1" }),
    );
    assert.deepEqual(events.slice(3), ["reloaded", "reloaded"]);
    assert.equal(shown(manager), "a: x:1, b: y:1");
  }));

test("of sets that wait, only the newest is applied", () =>
  scene(async ({ manager }) => {
    const applied = manager.apply(configs("{job_name: a}"), Labels.empty);
    manager.update(new Map([["a", groups("x:1")]]));
    manager.update(new Map([["a", groups("x:2")]]));
    await applied;
    await manager.settled();
    assert.equal(shown(manager), "a: x:2");
  }));
