import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { systemDisk } from "@narthex/platform/disk";
import { loadConfigFile, parseConfig, readConfigFile, type ConfigWorld } from "./config-file.ts";

const world: ConfigWorld = { disk: systemDisk, env: { HOME: "/home", EMPTY: "" } };
const parse = (yaml: string, more: Partial<ConfigWorld> = {}) =>
  parseConfig(yaml, "/etc/p.yml", { ...world, ...more });

test("an empty file means all defaults", () => {
  for (const yaml of ["", "# nothing\n", "global:\n", "{}"]) {
    const config = parse(yaml);
    assert.deepEqual([config.global.scrape_interval, config.global.scrape_timeout], [60_000, 10_000], yaml);
    assert.deepEqual([config.scrapeConfigs, config.warnings, config.unsupported], [[], [], []], yaml);
  }
});

test("jobs, paths and labels", () => {
  const config = parse(`
global: {scrape_interval: 15s, external_labels: {home: '$HOME/x', money: 'a$$b', none: '\${EMPTY}', plain: v}}
rule_files: [r/*.yml, /abs.yml]
scrape_configs:
- job_name: a
  basic_auth: {username: u, password_file: pw}
  file_sd_configs: [{files: [t.json]}]
- job_name: b
  static_configs: [{targets: ['x:1']}]
`);
  assert.deepEqual(config.externalLabels.toObject(), { home: "/home/x", money: "a$b", plain: "v" });
  assert.deepEqual(config.ruleFiles, ["/etc/r/*.yml", "/abs.yml"]);
  assert.deepEqual(
    config.scrapeConfigs.map(({ jobName, intervalMs }) => [jobName, intervalMs]),
    [
      ["a", 15_000],
      ["b", 15_000],
    ],
  );
  assert.equal(config.scrapeConfigs[0]?.httpClient.basic_auth?.password_file, "/etc/pw");
  assert.match(config.scrapeConfigs[0]?.mechanisms[0]?.identity ?? "", /\/etc\/t\.json/u);
  assert.deepEqual(config.warnings, [
    "section rule_files is ignored until it is supported: recording and alerting rules are not evaluated",
    "Empty environment variable EMPTY",
  ]);
});

test("faults name file, line and column, and say what the original says", () => {
  const fails = (yaml: string, place: string, why: string, more: Partial<ConfigWorld> = {}) =>
    assert.throws(
      () => parse(yaml, more),
      { message: `/etc/p.yml:${place}: parsing YAML file /etc/p.yml: ${why}` },
      yaml,
    );
  fails("globl: {}", "1:1", "yaml: unmarshal errors:\n  line 1: field globl not found in type config.plain");
  fails("global: {scrape_interval: 5}", "1:27", 'not a valid duration string: "5"');
  fails("global:\n  scrape_timeout: 2m", "2:3", "global scrape timeout greater than scrape interval");
  fails(
    "scrape_configs:\n- job_name: a\n- job_name: a",
    "3:3",
    'found multiple scrape configs with job name "a"',
  );
  fails("scrape_configs:\n- metrics_path: /x", "2:3", "job_name is empty");
  fails("scrape_configs:\n- ", "2:3", "empty or null scrape config section");
  fails(
    "scrape_configs:\n- job_name: a\n  relabel_configs:\n  - action: hashmod",
    "4:5",
    "relabel configuration for hashmod requires non-zero modulus",
  );
  fails(
    "scrape_configs: []\nscrape_configs: []",
    "2:1",
    "yaml: unmarshal errors:\n  line 2: field scrape_configs already set in type config.plain",
  );
  fails("rule_files: ['a/*/b']", "1:1", 'invalid rule file path "a/*/b"');
  fails(
    "storage: {tsdb: {retention: {percentage: 101}}}",
    "1:29",
    "'storage.tsdb.retention.percentage' must be in the range [0, 100], got 101",
  );
  fails("a: b: c", "1:4", "yaml: line 1: mapping values are not allowed in this context");
  fails("rule_files: [a]", "1:1", "field rule_files is not allowed in agent mode", { agentMode: true });
});

test("an option that cannot be executed yet stops the load, not the check", () => {
  const folder = mkdtempSync(join(tmpdir(), "narthex-"));
  const file = join(folder, "p.yml");
  writeFileSync(file, "scrape_configs:\n- job_name: a\n  msk_sd_configs: [{region: x}]\n");
  assert.equal(readConfigFile(file, world).unsupported.length, 1);
  assert.throws(() => loadConfigFile(file, world), {
    message:
      `${file}:3:3: parsing YAML file ${file}: msk_sd_configs is not supported yet ` +
      'in scrape config with job name "a"',
  });
  assert.throws(() => loadConfigFile(join(folder, "none.yml"), world), {
    message: `open ${join(folder, "none.yml")}: no such file or directory`,
  });
  rmSync(folder, { recursive: true });
});

test("jobs in files of their own", () => {
  const folder = mkdtempSync(join(tmpdir(), "narthex-"));
  mkdirSync(join(folder, "jobs"));
  const main = join(folder, "p.yml");
  const other = join(folder, "jobs", "a.yml");
  writeFileSync(
    main,
    "global: {scrape_interval: 7s}\nscrape_config_files: [jobs/*.yml]\nscrape_configs: [{job_name: m}]\n",
  );
  writeFileSync(other, "scrape_configs:\n- job_name: o\n  bearer_token_file: t\n");
  const config = loadConfigFile(main, world);
  assert.deepEqual(
    config.scrapeConfigs.map(({ jobName, intervalMs }) => [jobName, intervalMs]),
    [
      ["m", 7_000],
      ["o", 7_000],
    ],
  );
  assert.equal(
    config.scrapeConfigs[1]?.httpClient.authorization?.credentials_file,
    join(folder, "jobs", "t"),
  );
  writeFileSync(other, "scrape_configs:\n- job_name: m\n");
  assert.throws(() => loadConfigFile(main, world), {
    message:
      `${other}:2:3: "${other}": found multiple scrape configs with job name "m", ` +
      "first found in main config file",
  });
  writeFileSync(other, "global: {}\n");
  assert.throws(() => loadConfigFile(main, world), /field global not found in type config\.ScrapeConfigs/u);
  rmSync(folder, { recursive: true });
});

test("the configuration prints with defaults and without secrets", () => {
  const yaml = parse(`
scrape_configs:
- job_name: a
  scrape_interval: 5s
  basic_auth: {username: u, password: hush}
  relabel_configs: [{source_labels: [x], target_label: y}]
  static_configs: [{targets: ['h:1'], labels: {k: v}}]
`).print();
  assert.equal(yaml.includes("hush"), false);
  const again = parse(yaml);
  assert.deepEqual(again.print(), yaml);
  assert.match(yaml, /^global:\n {2}scrape_interval: 1m\n {2}scrape_timeout: 10s\n/u);
  assert.match(yaml, /password: <secret>/u);
  assert.match(yaml, /- job_name: a\n {2}honor_timestamps: true\n/u);
});
