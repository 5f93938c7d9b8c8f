import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeDocument } from "@narthex/config/decode";
import { list, object } from "@narthex/config/decode-section";
import { parseYaml } from "@narthex/config/yaml-document";
import { defaultGlobal, globalSection } from "./global-config.ts";
import { resolveScrapeConfig, scrapeSection, type ScrapeConfig } from "./scrape-config.ts";

const file = object("config.plain", { global: globalSection, scrape_configs: list(scrapeSection) });

function resolve(yaml: string): ScrapeConfig {
  const decoded = decodeDocument(parseYaml(yaml, "f.yml"), file);
  const global = /^global:/mu.test(yaml) ? decoded.global : defaultGlobal();
  const [section] = decoded.scrape_configs;
  assert.ok(section !== undefined);
  return resolveScrapeConfig(section, global, (path) => (path === "" ? "" : `/etc/${path}`));
}

const job = (more = "", global = "") => resolve(`${global}\nscrape_configs:\n- job_name: j\n${more}`);

test("defaults", () => {
  const config = job();
  const { intervalMs, timeoutMs, metricsPath, scheme, protocols, nameScheme, escapingScheme, sampleLimit } =
    config;
  assert.deepEqual([intervalMs, timeoutMs, metricsPath, scheme], [60_000, 10_000, "/metrics", "http"]);
  assert.deepEqual(protocols, [
    "OpenMetricsText1.0.0",
    "OpenMetricsText0.0.1",
    "PrometheusText1.0.0",
    "PrometheusText0.0.4",
  ]);
  assert.deepEqual([nameScheme, escapingScheme, sampleLimit], ["utf8", "allow-utf-8", 0]);
  assert.deepEqual(
    [config.honorLabels, config.honorTimestamps, config.enableCompression],
    [false, true, true],
  );
});

test("a job inherits from the globals", () => {
  const global =
    "global: {scrape_interval: 5s, sample_limit: 7, body_size_limit: 1KB, " +
    "metric_name_validation_scheme: legacy}";
  const config = job("", global);
  assert.deepEqual([config.intervalMs, config.timeoutMs], [5_000, 5_000]);
  assert.deepEqual([config.sampleLimit, config.bodyLimitBytes], [7, 1_024]);
  assert.deepEqual([config.nameScheme, config.escapingScheme], ["legacy", "underscores"]);
  assert.equal(job("  sample_limit: 9", global).sampleLimit, 9);
  assert.equal(job("  scrape_interval: 3s", "global: {scrape_timeout: 2s}").timeoutMs, 2_000);
  assert.equal(job("  metric_name_validation_scheme: legacy").escapingScheme, "underscores");
  assert.equal(job("  scrape_native_histograms: true").protocols[0], "PrometheusProto");
  assert.deepEqual(job("", "global: {scrape_protocols: [PrometheusText0.0.4]}").protocols, [
    "PrometheusText0.0.4",
  ]);
});

test("faults carry the original's words", () => {
  const fails = (more: string, why: string, global = "") =>
    assert.throws(
      () => job(more, global),
      (error: Error) => error.message.endsWith(why),
      `${more}: ${why}`,
    );
  fails(
    "  scrape_interval: 1s\n  scrape_timeout: 2s",
    'scrape timeout greater than scrape interval for scrape config with job name "j"',
  );
  fails(
    "",
    "global scrape timeout greater than scrape interval",
    "global: {scrape_interval: 1s, scrape_timeout: 2s}",
  );
  fails("  scrape_protocols: []", 'scrape_protocols cannot be empty for scrape config with job name "j"');
  fails(
    "  scrape_protocols: [a, A]",
    "scrape_protocols: unknown scrape protocol a, supported: [OpenMetricsText0.0.1 " +
      "OpenMetricsText1.0.0 PrometheusProto PrometheusText0.0.4 PrometheusText1.0.0] " +
      'for scrape config with job name "j"',
  );
  fails(
    "  relabel_configs: [{action: hashmod, target_label: a}]",
    "relabel configuration for hashmod requires non-zero modulus",
  );
  fails("  relabel_configs: [{action: nothing}]", 'unknown relabel action "nothing"');
  fails("  relabel_configs: [{source_labels: ['']}]", '"" is not a valid label name');
  fails("  static_configs: [{targets: ['http://bad']}]", '"http://bad" is not a valid hostname');
  fails("  job_name_typo: x", "field job_name_typo not found in type config.ScrapeConfig");
  fails(
    "  metric_name_escaping_scheme: x",
    "unknown scrape config name escaping method specified, must be one of " +
      `'allow-utf-8', 'underscores', 'dots', or 'values', got "x"`,
  );
  fails(
    "  metric_name_validation_scheme: legacy\n  metric_name_escaping_scheme: allow-utf-8",
    "utf8 metric names requested but validation scheme is not set to UTF8",
  );
});

test("fingerprints tell what changed", () => {
  const base = job();
  const same = (more: string) => job(more).fingerprint === base.fingerprint;
  const sameSeries = (more: string) => job(more).seriesFingerprint === base.seriesFingerprint;
  assert.equal(same(""), true);
  assert.equal(same("  basic_auth: {password: a}"), false);
  assert.notEqual(
    job("  basic_auth: {password: a}").fingerprint,
    job("  basic_auth: {password: b}").fingerprint,
  );
  assert.deepEqual([same("  scrape_interval: 5s"), sameSeries("  scrape_interval: 5s")], [false, true]);
  assert.deepEqual([same("  honor_labels: true"), sameSeries("  honor_labels: true")], [false, false]);
  const rule = "  metric_relabel_configs: [{action: labeldrop, regex: a}]";
  assert.deepEqual([same(rule), sameSeries(rule)], [false, false]);
  assert.equal(sameSeries("  basic_auth: {password: a}\n  sample_limit: 4\n  scrape_timeout: 3s"), true);
});

test("what cannot be executed yet is named", () => {
  assert.deepEqual(job("  msk_sd_configs: [{region: a}]\n  proxy_url: http://p").unsupported, [
    "msk_sd_configs",
  ]);
  assert.deepEqual(job("  file_sd_configs: [{files: [a.json]}]\n  consul_sd_configs: [{}]").unsupported, []);
});
