/**
 * What the node exporter's flags choose.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { collectorNames, usualSettings } from "@narthex/exporters/node/node-exporter";
import { usualPaths } from "@narthex/exporters/node/node-host";
import { parseFlags, ParsedFlags } from "./flags.ts";
import { nodeExporterTable, readSetup, type NodeExporterSetup } from "./node-exporter-flags.ts";

function setup(...args: string[]): NodeExporterSetup {
  const flags = parseFlags(nodeExporterTable, args);
  assert.ok(flags instanceof ParsedFlags, args.join(" "));
  return readSetup(flags);
}

test("without flags: all collectors with the usual settings", () =>
  assert.deepEqual(setup(), {
    paths: usualPaths,
    settings: usualSettings,
    enabled: collectorNames,
    absent: [],
  }));

test("collectors are switched by name", () => {
  const enabled = (...args: string[]): string => setup(...args).enabled.join(" ");
  assert.doesNotMatch(enabled("--no-collector.cpu"), /cpu/u);
  assert.equal(enabled("--collector.disable-defaults", "--collector.stat", "--collector.cpu"), "cpu stat");
  assert.deepEqual(setup("--collector.systemd", "--no-collector.wifi").absent, ["systemd"]);
});

test("an including pattern takes the default exclusion away", () => {
  const { netdev, diskstats } = setup("--collector.diskstats.device-include=^sd").settings;
  assert.deepEqual(diskstats, { deviceExclude: "", deviceInclude: "^sd" });
  assert.deepEqual(netdev, usualSettings.netdev);
  assert.throws(
    () => setup("--collector.netdev.device-include=a", "--collector.netdev.device-exclude=b"),
    /mutually exclusive/u,
  );
});
