/**
 * The system's name, as uname(2) gives it.
 */

import type { MetricFamily } from "@narthex/exposition/metric-family";
import { FamilyBuilder } from "../family-builder.ts";
import type { NodeHost } from "./node-host.ts";

/** The uname collector. */
export class UnameCollector {
  readonly #host: NodeHost;

  constructor(host: NodeHost) {
    this.#host = host;
  }

  collect(): MetricFamily[] {
    const domainname = this.#host.procIfThere("sys/kernel/domainname")?.trim() ?? "(none)";
    const help = "Labeled system information as provided by the uname system call.";
    const { sysname, release, version, machine, nodename } = this.#host.calls.uname();
    const labels = { sysname, release, version, machine, nodename, domainname };
    return [new FamilyBuilder("node_uname_info", help, "gauge").add(1, labels).build()];
  }
}
