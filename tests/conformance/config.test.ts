/**
 * The configuration files of the original's own tests: good ones load, bad ones fail with the original's
 * message. Cases of sections that are not validated yet are skipped, each with its reason.
 */

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { systemDisk, type Disk } from "@narthex/platform/disk";
import { readConfigFile, type ConfigWorld } from "@narthex/server/config-file";

const folder = fileURLToPath(new URL("../../../shared/fixtures/upstream/config", import.meta.url));
const isAbsent = !existsSync(folder);

/** The original's tests see these files in `testdata`, and some messages say so. */
const inFolder = (path: string): string => path.replace(/^testdata(?=\/|$)/u, folder);
const disk: Disk = {
  ...systemDisk,
  readFile: (path) => systemDisk.readFile(inFolder(path)),
  exists: (path) => systemDisk.exists(inFolder(path)),
  stat: (path) => systemDisk.stat(inFolder(path)),
  list: (path) => systemDisk.list(inFolder(path)),
};
const world: ConfigWorld = { disk, env: {} };

/** Beginnings of the names of cases that look at a part which is accepted unread. */
const unread: readonly (readonly [RegExp, string])[] = [
  [
    /^(?:azure|ec2|eureka|hetzner|http|ionos|kubernetes|lightsail|marathon|oci|openstack)_/u,
    "this discovery mechanism is not validated yet",
  ],
  [/^(?:outscale|ovhcloud|puppetdb|scaleway|stackit|uyuni)_/u, "this mechanism is not validated yet"],
  [/^(?:remote_|empty_r[rw]_relabel)/u, "remote_write and remote_read are not validated yet"],
  [/^(?:empty_alert|config_with_deprecated_am)/u, "alerting is not validated yet"],
  [/^otlp_/u, "otlp is not validated yet"],
  [/^tracing_/u, "tracing is not validated yet"],
];

function reasonToSkip(file: string): string | undefined {
  return unread.find(([names]) => names.test(file))?.[1];
}

interface BadCase {
  readonly file: string;
  readonly message: string;
}

function files(): {
  readonly good: readonly string[];
  readonly bad: readonly BadCase[];
  readonly other: readonly string[];
} {
  if (isAbsent) return { good: [], bad: [], other: [] };
  const bad = JSON.parse(readFileSync(`${folder}/expected-errors.json`, "utf8")) as BadCase[];
  const names = readdirSync(folder).filter((name) => name.endsWith(".yml"));
  const listed = new Set(bad.map(({ file }) => file));
  return {
    good: names.filter((name) => name.endsWith(".good.yml") && !name.startsWith("agent_mode")),
    bad,
    other: names.filter(
      (name) => name.endsWith(".bad.yml") && !listed.has(name) && name !== "static_config.bad.yml",
    ),
  };
}

const cases = files();
const skip = isAbsent ? "the fixtures are not beside this checkout" : false;

test("configuration files of the original", { skip }, async (t) => {
  assert.ok(cases.good.length > 40 && cases.bad.length > 120, "the fixtures are complete");
  for (const file of cases.good) {
    await t.test(`${file} loads`, () => {
      assert.ok(readConfigFile(`testdata/${file}`, world).global.scrape_interval > 0);
    });
  }
  for (const { file, message } of cases.bad) {
    await t.test(`${file}: ${message}`, { skip: reasonToSkip(file) ?? false }, () => {
      assert.throws(
        () => readConfigFile(`testdata/${file}`, world),
        (error: Error) => {
          assert.ok(error.message.includes(message), `want ${message}, got ${error.message}`);
          assert.match(error.message, /^testdata\/[^:]*:[0-9]+:[0-9]+: /u);
          return true;
        },
      );
    });
  }
  for (const file of cases.other) {
    await t.test(`${file} fails`, { skip: reasonToSkip(file) ?? false }, () => {
      assert.throws(() => readConfigFile(`testdata/${file}`, world), { name: "ConfigError" });
    });
  }
});

test("sections that an agent does not have", { skip }, async (t) => {
  const expected = [
    ["agent_mode.with_alert_manager.yml", "field alerting is not allowed in agent mode"],
    ["agent_mode.with_alert_relabels.yml", "field alerting is not allowed in agent mode"],
    ["agent_mode.with_rule_files.yml", "field rule_files is not allowed in agent mode"],
    ["agent_mode.with_remote_reads.yml", "field remote_read is not allowed in agent mode"],
  ] as const;
  for (const [file, message] of expected) {
    await t.test(file, () => {
      assert.throws(
        () => readConfigFile(`testdata/${file}`, { ...world, agentMode: true }),
        (error: Error) => error.message.endsWith(message),
      );
    });
  }
  for (const file of ["agent_mode.good.yml", "agent_mode.without_remote_writes.yml"]) {
    await t.test(file, () => {
      assert.equal(readConfigFile(`testdata/${file}`, { ...world, agentMode: true }).ruleFiles.length, 0);
    });
  }
});
