/**
 * The node collectors against pages of the official exporter (`../shared/fixtures/exporters`, beside the
 * checkout): equal values on a saved machine, equal names, types and help texts on a live one.
 */

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { writeText } from "@narthex/exposition/text-writer";
import { systemClock } from "@narthex/platform/clock";
import { systemDisk } from "@narthex/platform/disk";
import { silentLogger } from "@narthex/platform/logger";
import { MemoryDisk } from "@narthex/platform/memory-disk";
import { NodeExporter, usualSettings } from "./node-exporter.ts";
import { NodeHost, usualPaths, type FileSystemUse, type SystemCalls } from "./node-host.ts";

const fixtures = fileURLToPath(new URL("../../../../shared/fixtures/exporters/", import.meta.url));
const skip = existsSync(`${fixtures}node.input`) ? false : `no data in ${fixtures}`;

const use: FileSystemUse = {
  blockBytes: 4096,
  blocks: 100,
  freeBlocks: 50,
  availableBlocks: 40,
  files: 30,
  freeFiles: 20,
};
const statfs = (): Promise<FileSystemUse> => Promise.resolve(use);
const calls: SystemCalls = {
  uname: () => ({ sysname: "Linux", release: "6", version: "#1", machine: "x86_64", nodename: "vm" }),
  statfs,
};

/** Lines of a page that are of our collectors, by the start of their metric's name. */
function ownLines(page: string, names: RegExp): string[] {
  return page.split("\n").filter((line) => names.test(line.replace(/^# (?:HELP|TYPE) /u, "")));
}

const valued = "cpu disk filefd load[0-9] memory pressure vmstat boot context forks intr procs";
const statistics = "network_(?:receive|transmit)_.*_total";
// The saved tree has too few files of the disk's queue for that exporter, which then said "not rotational".
const exact = new RegExp(`^node_(?!disk_info)(?:${valued.split(" ").join("|")}|${statistics})`, "u");

test("a saved machine gives the official exporter's values", { skip }, async () => {
  const root = `${fixtures}node.input`;
  const paths = {
    procfs: `${root}/proc`,
    sysfs: `${root}/sys`,
    rootfs: root,
    udevData: `${root}/run/udev/data`,
  };
  const host = new NodeHost(systemDisk, calls, systemClock, paths);
  const settings = { ...usualSettings, netdev: { ...usualSettings.netdev, netlink: false } };
  const exporter = new NodeExporter(host, silentLogger, undefined, settings);
  const official = ownLines(readFileSync(`${fixtures}node.snapshot.prom`, "utf8"), exact);
  assert.ok(official.length > 300, "the page has lines to compare");
  assert.deepEqual(ownLines(writeText(await exporter.collect()), exact), official);
});

test("a live machine gives the official names, types and help texts", { skip }, async () => {
  const exporter = new NodeExporter(new NodeHost(systemDisk, calls, systemClock), silentLogger);
  const lines = (page: string): Set<string> =>
    new Set(ownLines(page, /^node_/u).filter((line) => line.startsWith("#")));
  const official = lines(readFileSync(`${fixtures}node.prom`, "utf8"));
  const ours = lines(writeText(await exporter.collect()));
  const rare =
    /memory_(?:Cma|HardwareCorrupted|Zswap|DirectMap1G)|cpu_(?:core|package|isolated|online)|pressure_irq/u;
  assert.deepEqual(
    [...ours].filter((line) => !official.has(line) && !rare.test(line)),
    [],
  );
  for (const name of [
    "node_uname_info",
    "node_time_seconds",
    "node_filesystem_avail_bytes",
    "node_cpu_seconds_total",
  ]) {
    assert.ok(
      [...ours].some((line) => line.startsWith(`# HELP ${name} `)),
      name,
    );
  }
});

const text = (lines: string): Uint8Array => new TextEncoder().encode(lines);

function smallHost(statfs: SystemCalls["statfs"]): NodeHost {
  const disk = new MemoryDisk();
  disk.makeDirectory("/proc/self");
  disk.makeDirectory("/proc/1");
  disk.writeFile("/proc/loadavg", text("0.5 1 2.25 1/100 7\n"));
  disk.writeFile(
    "/proc/1/mountinfo",
    text(
      "22 1 8:1 / / ro,noatime shared:1 - ext4 /dev/sda1 rw\n" +
        "23 1 0:5 / /proc rw - proc proc rw\n24 1 8:2 / /a\\040b rw - xfs /dev/sdb rw\n",
    ),
  );
  return new NodeHost(disk, { ...calls, statfs }, systemClock, usualPaths);
}

test("collectors that fail leave a 0, the others stay", async () => {
  const exporter = new NodeExporter(smallHost(statfs), silentLogger, ["loadavg", "vmstat"]);
  const page = writeText(await exporter.collect());
  assert.match(page, /^node_load15 2.25$/mu);
  assert.match(page, /^node_scrape_collector_success\{collector="loadavg"\} 1$/mu);
  assert.match(page, /^node_scrape_collector_success\{collector="vmstat"\} 0$/mu);
});

test("collect[] and exclude[]", async () => {
  const exporter = new NodeExporter(smallHost(statfs), silentLogger, ["loadavg", "filesystem"]);
  const names = async (...args: [string[], string[]]): Promise<string> =>
    (await exporter.collect(...args)).map(({ name }) => name).join(" ");
  assert.doesNotMatch(await names(["loadavg"], []), /filesystem/u);
  assert.doesNotMatch(await names([], ["loadavg"]), /load/u);
  const refused = (chosen: string[], excluded: string[], message: string): Promise<void> =>
    assert.rejects(exporter.collect(chosen, excluded), { name: "MetricsRefusal", message });
  await refused(["a"], ["b"], "Combined collect and exclude queries are not allowed.");
  const prefix = "Couldn't create filtered metrics handler: couldn't create collector: ";
  await refused(["nope"], [], `${prefix}missing collector: nope`);
  await refused(["cpu"], [], `${prefix}disabled collector: cpu`);
});

test("file systems: escapes, read-only, excluded types, failing mounts", async () => {
  const failing = (path: string): Promise<FileSystemUse> =>
    path === "/" ? Promise.resolve(use) : Promise.reject(Object.assign(new Error("no"), { code: "EACCES" }));
  const exporter = new NodeExporter(smallHost(failing), silentLogger, ["filesystem"]);
  const page = writeText(await exporter.collect());
  const root = 'device="/dev/sda1",device_error="",fstype="ext4",mountpoint="/"';
  assert.ok(page.includes(`node_filesystem_size_bytes{${root}} 409600\n`));
  assert.ok(page.includes(`node_filesystem_readonly{${root}} 1\n`));
  assert.ok(
    page.includes(
      'node_filesystem_device_error{device="/dev/sdb",device_error="permission denied",' +
        'fstype="xfs",mountpoint="/a b"} 1\n',
    ),
  );
  assert.ok(!page.includes('fstype="proc"'));
});

test("a mount that does not answer is stuck until it does", async () => {
  let answer: (use: FileSystemUse) => void = () => assert.fail("statfs was not called");
  const waiting = (path: string): Promise<FileSystemUse> =>
    path === "/"
      ? Promise.resolve(use)
      : new Promise((resolve) => {
          answer = resolve;
        });
  const settings = { ...usualSettings, filesystem: { ...usualSettings.filesystem, mountTimeoutMs: 5 } };
  const exporter = new NodeExporter(smallHost(waiting), silentLogger, ["filesystem"], settings);
  const stuck = async (): Promise<boolean> =>
    writeText(await exporter.collect()).includes('device_error="mountpoint timeout"');
  assert.ok(await stuck());
  assert.ok(await stuck());
  answer(use);
  await new Promise((resolve) => setImmediate(resolve));
  const second = stuck();
  answer(use);
  assert.ok(!(await second));
});
