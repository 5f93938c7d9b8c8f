import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeDocument } from "@narthex/config/decode";
import { list, object } from "@narthex/config/decode-section";
import { parseYaml } from "@narthex/config/yaml-document";
import { Labels } from "@narthex/model/labels";
import { defaultGlobal } from "./global-config.ts";
import { populateLabels } from "./populate-labels.ts";
import { resolveScrapeConfig, scrapeSection, type ScrapeConfig } from "./scrape-config.ts";
import { Target, targetUrl } from "./target.ts";
import { fnv64a } from "./target-hash.ts";

const file = object("config.plain", { scrape_configs: list(scrapeSection) });

function config(more = ""): ScrapeConfig {
  const decoded = decodeDocument(parseYaml(`scrape_configs:\n- job_name: j\n${more}`, "f.yml"), file);
  const [section] = decoded.scrape_configs;
  assert.ok(section !== undefined);
  return resolveScrapeConfig(section, defaultGlobal(), (path) => path);
}

const labels = (text: string) =>
  Labels.from(
    text
      .split(" ")
      .filter(Boolean)
      .map((pair) => pair.split("=") as [string, string]),
  );
const populate = (own: string, more = "", group = "") =>
  populateLabels(config(more), { own: labels(own), group: labels(group) });

test("labels of a target", () => {
  const visible = (found: Labels | null) =>
    [...(found?.entries() ?? [])]
      .filter(([name]) => !name.startsWith("__"))
      .map(([name, value]) => `${name}=${value}`)
      .join(" ");
  assert.equal(visible(populate("__address__=a:1")), "instance=a:1 job=j");
  assert.equal(visible(populate("__address__=a:1", "", "k=v job=g")), "instance=a:1 job=g k=v");
  assert.equal(visible(populate("__address__=a:1 k=own", "", "k=v")), "instance=a:1 job=j k=own");
  const full = populate(
    "__address__=a:1 __meta_x=1 __tmp_y=2",
    "  params: {p: [one, two]}\n  scrape_interval: 5s",
  );
  assert.deepEqual(full?.toObject(), {
    __address__: "a:1",
    __always_scrape_classic_histograms__: "false",
    __convert_classic_histograms_to_nhcb__: "false",
    __metrics_path__: "/metrics",
    __param_p: "one",
    __scheme__: "http",
    __scrape_interval__: "5s",
    __scrape_native_histograms__: "false",
    __scrape_timeout__: "5s",
    __tmp_y: "2",
    instance: "a:1",
    job: "j",
  });
  assert.equal(
    populate("__address__=a:1", "  relabel_configs: [{action: drop, source_labels: [job], regex: j}]"),
    null,
  );
});

test("addresses that make no target", () => {
  const fails = (own: string, why: string, more = "") =>
    assert.throws(() => populate(own, more), { message: why }, own);
  const set = (label: string, value: string) =>
    `  relabel_configs: [{target_label: ${label}, replacement: '${value}'}]`;
  fails("k=v", "no address");
  fails("__address__=a/b", '"a/b" is not a valid hostname', set("x", "y"));
  fails("__address__=a", "scrape interval cannot be 0", set("__scrape_interval__", "0s"));
  fails(
    "__address__=a",
    'error parsing scrape interval: unknown unit "x" in duration "1x"',
    set("__scrape_interval__", "1x"),
  );
  fails(
    "__address__=a",
    'scrape timeout cannot be greater than scrape interval ("2m" > "1m")',
    set("__scrape_timeout__", "2m"),
  );
  fails(
    "__address__=a",
    'error parsing scrape native histograms: strconv.ParseBool: parsing "maybe": invalid syntax',
    set("__scrape_native_histograms__", "maybe"),
  );
});

test("URLs", () => {
  const is = (text: string, params: [string, string[]][], want: string) =>
    assert.equal(
      targetUrl(labels(`__scheme__=http __metrics_path__=/metrics ${text}`), new Map(params)),
      want,
    );
  is("__address__=a:1", [], "http://a:1/metrics");
  is("__address__=a:1 __metrics_path__=/x?y", [], "http://a:1/x%3Fy");
  is(
    "__address__=a __param_b=3",
    [
      ["b", ["1", "2"]],
      ["a", ["x y"]],
    ],
    "http://a/metrics?a=x+y&b=3&b=2",
  );
  is("__unix_socket__=/s", [], "http://localhost/metrics");
  is("__address__=[::1]:9", [], "http://[::1]:9/metrics");
});

test("identity and offset", () => {
  const make = (text: string) =>
    new Target(labels(`__scheme__=http __metrics_path__=/m ${text}`), config(), {
      own: Labels.empty,
      group: Labels.empty,
    });
  assert.equal(make("__address__=a").id, make("__address__=a").id);
  assert.notEqual(make("__address__=a").id, make("__address__=a x=y").id);
  assert.equal(make("__address__=a x=y").publicLabels.toString(), '{x="y"}');
  const offsets = Array.from({ length: 200 }, (_, i) =>
    make(`__address__=a:${i}`).offsetMs(15_000, fnv64a("host")),
  );
  assert.ok(offsets.every((offset) => offset >= 0 && offset < 15_000 && Number.isInteger(offset)));
  assert.ok(
    new Set(offsets.map((offset) => Math.floor(offset / 1_500))).size === 10,
    "spread over the interval",
  );
});
