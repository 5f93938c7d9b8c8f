/**
 * Load averages from /proc/loadavg.
 */

import type { MetricFamily } from "@narthex/exposition/metric-family";
import { single } from "../family-builder.ts";
import type { NodeHost } from "./node-host.ts";

/** The loadavg collector. */
export class LoadavgCollector {
  readonly #host: NodeHost;

  constructor(host: NodeHost) {
    this.#host = host;
  }

  collect(): MetricFamily[] {
    const loads = this.#host.proc("loadavg").split(" ").slice(0, 3).map(Number);
    if (loads.length < 3) throw new Error("cannot read loadavg: want three numbers");
    return ["1", "5", "15"].map((minutes, i) =>
      single(`node_load${minutes}`, `${minutes}m load average.`, "gauge", loads[i] ?? NaN),
    );
  }
}
