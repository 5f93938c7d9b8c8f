/**
 * Block devices from /proc/diskstats (kernel: Documentation/admin-guide/iostats.rst), with what udev knows
 * of them.
 */

import type { MetricFamily } from "@narthex/exposition/metric-family";
import { buildAll, FamilyBuilder } from "../family-builder.ts";
import { DeviceFilter } from "./device-filter.ts";
import type { NodeHost } from "./node-host.ts";

const sectorBytes = 512;
const tick = 1 / 1000;

interface Column {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge";
  readonly factor: number;
}

function column(name: string, help: string, factor = 1, type: "counter" | "gauge" = "counter"): Column {
  return { name: `node_disk_${name}`, help, type, factor };
}

/** In the order of the file's columns; older kernels have fewer. */
const columns: readonly Column[] = [
  column("reads_completed_total", "The total number of reads completed successfully."),
  column("reads_merged_total", "The total number of reads merged."),
  column("read_bytes_total", "The total number of bytes read successfully.", sectorBytes),
  column("read_time_seconds_total", "The total number of seconds spent by all reads.", tick),
  column("writes_completed_total", "The total number of writes completed successfully."),
  column("writes_merged_total", "The number of writes merged."),
  column("written_bytes_total", "The total number of bytes written successfully.", sectorBytes),
  column("write_time_seconds_total", "This is the total number of seconds spent by all writes.", tick),
  column("io_now", "The number of I/Os currently in progress.", 1, "gauge"),
  column("io_time_seconds_total", "Total seconds spent doing I/Os.", tick),
  column("io_time_weighted_seconds_total", "The weighted # of seconds spent doing I/Os.", tick),
  column("discards_completed_total", "The total number of discards completed successfully."),
  column("discards_merged_total", "The total number of discards merged."),
  column("discarded_sectors_total", "The total number of sectors discarded successfully."),
  column("discard_time_seconds_total", "This is the total number of seconds spent by all discards.", tick),
  column("flush_requests_total", "The total number of flush requests completed successfully"),
  column(
    "flush_requests_time_seconds_total",
    "This is the total number of seconds spent by all flush requests.",
    tick,
  ),
];

/** Settings of the diskstats collector: patterns, "" for none. */
export interface DiskstatsSettings {
  readonly deviceExclude: string;
  readonly deviceInclude: string;
}

/** The diskstats collector. */
export class DiskstatsCollector {
  readonly #host: NodeHost;
  readonly #filter: DeviceFilter;

  constructor(host: NodeHost, { deviceExclude, deviceInclude }: DiskstatsSettings) {
    this.#host = host;
    this.#filter = new DeviceFilter(deviceExclude, deviceInclude);
  }

  collect(): MetricFamily[] {
    const families = columns.map(({ name, help, type }) => new FamilyBuilder(name, help, type));
    const about = new DiskFacts();
    for (const line of this.#host.proc("diskstats").split("\n")) {
      const [major, minor, device, ...numbers] = line.trim().split(/\s+/u);
      if (major === undefined || minor === undefined || device === undefined) continue;
      if (this.#filter.ignores(device)) continue;
      const rotational = this.#host.sys(`block/${device}/queue/rotational`) === "1" ? "1" : "0";
      about.add({ device, major, minor, rotational }, this.#host.udevProperties(major, minor));
      for (const [i, { factor }] of columns.entries()) {
        const number = numbers[i];
        if (number !== undefined) families[i]?.add(Number(number) * factor, { device });
      }
    }
    return [...buildAll(families), ...about.build()];
  }
}

interface Device {
  readonly device: string;
  readonly major: string;
  readonly minor: string;
  readonly rotational: string;
}

/** What is known about the devices, as info metrics. */
class DiskFacts {
  readonly #info = new FamilyBuilder("node_disk_info", "Info of /sys/block/<block_device>.", "gauge");
  readonly #filesystem = new FamilyBuilder(
    "node_disk_filesystem_info",
    "Info about disk filesystem.",
    "gauge",
  );
  readonly #mapper = new FamilyBuilder(
    "node_disk_device_mapper_info",
    "Info about disk device mapper.",
    "gauge",
  );
  readonly #ata: readonly (readonly [string, FamilyBuilder])[] = [
    [
      "ID_ATA_WRITE_CACHE",
      new FamilyBuilder("node_disk_ata_write_cache", "ATA disk has a write cache.", "gauge"),
    ],
    [
      "ID_ATA_WRITE_CACHE_ENABLED",
      new FamilyBuilder(
        "node_disk_ata_write_cache_enabled",
        "ATA disk has its write cache enabled.",
        "gauge",
      ),
    ],
    [
      "ID_ATA_ROTATION_RATE_RPM",
      new FamilyBuilder(
        "node_disk_ata_rotation_rate_rpm",
        "ATA disk rotation rate in RPMs (0 for SSDs).",
        "gauge",
      ),
    ],
  ];

  add({ device, major, minor, rotational }: Device, udev: ReadonlyMap<string, string>): void {
    const get = (name: string): string => udev.get(name) ?? "";
    const serial = get("SCSI_IDENT_SERIAL") || get("ID_SERIAL_SHORT") || get("ID_SERIAL");
    this.#info.add(1, {
      device,
      major,
      minor,
      path: get("ID_PATH"),
      wwn: get("ID_WWN"),
      model: get("ID_MODEL"),
      serial,
      revision: get("ID_REVISION"),
      rotational,
    });
    if (get("ID_FS_TYPE") !== "") {
      this.#filesystem.add(1, {
        device,
        type: get("ID_FS_TYPE"),
        usage: get("ID_FS_USAGE"),
        uuid: get("ID_FS_UUID"),
        version: get("ID_FS_VERSION"),
      });
    }
    if (get("DM_NAME") !== "") {
      this.#mapper.add(1, {
        device,
        name: get("DM_NAME"),
        uuid: get("DM_UUID"),
        vg_name: get("DM_VG_NAME"),
        lv_name: get("DM_LV_NAME"),
        lv_layer: get("DM_LV_LAYER"),
      });
    }
    if (get("ID_ATA") === "") return;
    for (const [name, family] of this.#ata) {
      const value = Number(get(name));
      if (get(name) !== "" && !Number.isNaN(value)) family.add(value, { device });
    }
  }

  build(): MetricFamily[] {
    return buildAll([this.#info, this.#filesystem, this.#mapper, ...this.#ata.map(([, family]) => family)]);
  }
}
