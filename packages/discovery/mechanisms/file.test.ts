import assert from "node:assert/strict";
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { decodeDocument } from "@narthex/config/decode";
import { parseYaml } from "@narthex/config/yaml-document";
import { systemClock } from "@narthex/platform/clock";
import { systemDisk } from "@narthex/platform/disk";
import { silentLogger } from "@narthex/platform/logger";
import { VirtualClock } from "@narthex/platform/virtual-clock";
import { watchDirectory } from "@narthex/platform/watch";
import { noDiscoveryMetrics } from "../discovery-metrics.ts";
import type { MechanismContext } from "../mechanism.ts";
import type { TargetGroup } from "../target-group.ts";
import { fileMechanism, fileSection } from "./file.ts";

interface Scene {
  readonly put: (name: string, content: string) => void;
  readonly remove: (name: string) => void;
  readonly clock: VirtualClock;
  /** `a:1{filepath,k=v}` of all groups, sorted. */
  readonly now: () => string;
  readonly errors: () => number;
  readonly changed: () => void;
}

async function scene(run: (scene: Scene) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "narthex-"));
  const clock = new VirtualClock();
  const groups = new Map<string, TargetGroup>();
  let errors = 0;
  let changed = (): void => {};
  const context: MechanismContext = {
    clock,
    disk: systemDisk,
    logger: silentLogger,
    watch: (_directory, onChange) => {
      changed = onChange;
      return { close: () => {} };
    },
    metrics: { ...noDiscoveryMetrics, fileReadError: () => errors++ },
  };
  const section = decodeDocument(parseYaml("files: ['*.json', '*.yml', 'one.yaml']", "f"), fileSection);
  const stop = new AbortController();
  const mechanism = fileMechanism(section, (file) => join(folder, file)).create(context);
  const running = mechanism.run((updates) => {
    for (const update of updates) groups.set(update.source, update);
  }, stop.signal);
  const now = (): string =>
    [...groups.values()]
      .flatMap(({ targets, labels }) =>
        targets.map((target) => {
          const shown = Object.entries(labels.toObject()).map(([name, value]) =>
            name === "__meta_filepath" ? value.slice(folder.length + 1) : `${name}=${value}`,
          );
          return `${target.get("__address__")}{${shown.join(",")}}`;
        }),
      )
      .toSorted()
      .join(" ");
  try {
    await run({
      put: (name, content) => {
        writeFileSync(join(folder, `.${name}`), content);
        renameSync(join(folder, `.${name}`), join(folder, name));
      },
      remove: (name) => rmSync(join(folder, name)),
      clock,
      now,
      errors: () => errors,
      changed: () => changed(),
    });
  } finally {
    stop.abort();
    await running;
    rmSync(folder, { recursive: true });
  }
}

test("files are read, refreshed and forgotten", async () => {
  await scene(async ({ put, remove, clock, now, changed }) => {
    assert.equal(now(), "");
    put("a.json", '[{"targets": ["a:1", "a:2"], "labels": {"k": "v"}}, {"targets": ["a:3"]}]');
    put("b.yml", "- targets: [b:1]\n");
    await clock.advance(300_000);
    assert.equal(now(), "a:1{a.json,k=v} a:2{a.json,k=v} a:3{a.json} b:1{b.yml}");
    put("a.json", '[{"targets": ["a:9"]}]');
    changed();
    await clock.advance(100);
    assert.equal(now(), "a:9{a.json} b:1{b.yml}");
    remove("b.yml");
    changed();
    changed();
    await clock.advance(100);
    assert.equal(now(), "a:9{a.json}");
  });
});

test("a broken file keeps its targets and is counted", async () => {
  await scene(async ({ put, clock, now, errors, changed }) => {
    put("a.json", '[{"targets": ["a:1"]}]');
    put("b.yml", "- targets: [b:1]");
    changed();
    await clock.advance(100);
    const broken = [
      ["a.json", "{"],
      ["a.json", '{"targets": []}'],
      ["a.json", '[{"target": []}]'],
      ["a.json", '[{"targets": [1]}]'],
      ["a.json", "[null]"],
      ["b.yml", "- targets: a: b"],
      ["b.yml", "- target: [x]"],
      ["b.yml", "- "],
      ["b.yml", "- targets: [b:2]\n  labels: {'': x}"],
    ] as const;
    for (const [index, [name, content]] of broken.entries()) {
      put("a.json", '[{"targets": ["a:1"]}]');
      put("b.yml", "- targets: [b:1]");
      put(name, content);
      changed();
      await clock.advance(100);
      assert.equal(now(), "a:1{a.json} b:1{b.yml}", content);
      assert.equal(errors(), index + 1, content);
    }
  });
});

test("sections are checked", () => {
  const fails = (yaml: string, why: RegExp) =>
    assert.throws(() => decodeDocument(parseYaml(yaml, "f"), fileSection), why, yaml);
  fails("files: []", /file service discovery config must contain at least one path name/u);
  fails("files: [a.txt]", /path name "a.txt" is not valid for file discovery/u);
  fails("files: ['*/a.json']", /path name "\*\/a.json" is not valid/u);
  const section = decodeDocument(parseYaml("files: [a.json]", "f"), fileSection);
  assert.equal(section.refresh_interval, 300_000);
});

test("the system's watch notices a new file", async () => {
  const folder = mkdtempSync(join(tmpdir(), "narthex-"));
  const section = decodeDocument(parseYaml("files: ['*.json']", "f"), fileSection);
  const stop = new AbortController();
  const context = {
    clock: systemClock,
    disk: systemDisk,
    logger: silentLogger,
    watch: watchDirectory,
    metrics: noDiscoveryMetrics,
  };
  let tell: (address: string) => void = () => {};
  const seen = new Promise<string>((resolve) => {
    tell = resolve;
  });
  const running = fileMechanism(section, (file) => join(folder, file))
    .create(context)
    .run((groups) => {
      const address = groups[0]?.targets[0]?.get("__address__");
      if (address !== undefined) tell(address);
    }, stop.signal);
  writeFileSync(join(folder, "a.json"), '[{"targets": ["a:1"]}]');
  assert.equal(await seen, "a:1");
  stop.abort();
  await running;
  rmSync(folder, { recursive: true });
});
