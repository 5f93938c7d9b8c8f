/**
 * Network devices from /proc/net/dev, under the names of the original's netlink reader; what only netlink
 * would tell (packets without handler) comes from /sys/class/net.
 */

import type { MetricFamily } from "@narthex/exposition/metric-family";
import { buildAll, FamilyBuilder } from "../family-builder.ts";
import { DeviceFilter } from "./device-filter.ts";
import type { NodeHost } from "./node-host.ts";

/** In the order of the file's columns. */
const columns = [
  "receive_bytes",
  "receive_packets",
  "receive_errs",
  "receive_drop",
  "receive_fifo",
  "receive_frame",
  "receive_compressed",
  "receive_multicast",
  "transmit_bytes",
  "transmit_packets",
  "transmit_errs",
  "transmit_drop",
  "transmit_fifo",
  "transmit_colls",
  "transmit_carrier",
  "transmit_compressed",
];

/** Settings of the netdev collector: patterns, "" for none. */
export interface NetdevSettings {
  readonly deviceExclude: string;
  readonly deviceInclude: string;
  /** Show what the netlink reader shows beyond /proc/net/dev. */
  readonly netlink: boolean;
}

/** The netdev collector. */
export class NetdevCollector {
  readonly #host: NodeHost;
  readonly #filter: DeviceFilter;
  readonly #netlink: boolean;

  constructor(host: NodeHost, { deviceExclude, deviceInclude, netlink }: NetdevSettings) {
    this.#host = host;
    this.#filter = new DeviceFilter(deviceExclude, deviceInclude);
    this.#netlink = netlink;
  }

  collect(): MetricFamily[] {
    const families = [...columns, "receive_nohandler"].map(
      (name) =>
        new FamilyBuilder(`node_network_${name}_total`, `Network device statistic ${name}.`, "counter"),
    );
    for (const line of this.#host.proc("net/dev").split("\n").slice(2)) {
      const colon = line.lastIndexOf(":");
      const device = line.slice(0, colon).trim();
      if (colon < 0 || this.#filter.ignores(device)) continue;
      const numbers = line
        .slice(colon + 1)
        .trim()
        .split(/\s+/u);
      for (const i of columns.keys()) families[i]?.add(Number(numbers[i]), { device });
      const withoutHandler = this.#netlink
        ? this.#host.sys(`class/net/${device}/statistics/rx_nohandler`)
        : null;
      if (withoutHandler !== null) families.at(-1)?.add(Number(withoutHandler), { device });
    }
    return buildAll(families);
  }
}
