/**
 * Pressure stall information from /proc/pressure (kernel: Documentation/accounting/psi.rst).
 */

import type { MetricFamily } from "@narthex/exposition/metric-family";
import { single } from "../family-builder.ts";
import { NoDataError, type NodeHost } from "./node-host.ts";

interface Pressure {
  readonly resource: string;
  readonly line: "some" | "full";
  readonly name: string;
  readonly help: string;
}

const pressures: readonly Pressure[] = [
  {
    resource: "cpu",
    line: "some",
    name: "cpu_waiting",
    help: "Total time in seconds that processes have waited for CPU time",
  },
  {
    resource: "io",
    line: "some",
    name: "io_waiting",
    help: "Total time in seconds that processes have waited due to IO congestion",
  },
  {
    resource: "io",
    line: "full",
    name: "io_stalled",
    help: "Total time in seconds no process could make progress due to IO congestion",
  },
  {
    resource: "memory",
    line: "some",
    name: "memory_waiting",
    help: "Total time in seconds that processes have waited for memory",
  },
  {
    resource: "memory",
    line: "full",
    name: "memory_stalled",
    help: "Total time in seconds no process could make progress due to memory congestion",
  },
  {
    resource: "irq",
    line: "full",
    name: "irq_stalled",
    help: "Total time in seconds no process could make progress due to IRQ congestion",
  },
];

/** The pressure collector. */
export class PressureCollector {
  readonly #host: NodeHost;

  constructor(host: NodeHost) {
    this.#host = host;
  }

  collect(): MetricFamily[] {
    const families: MetricFamily[] = [];
    for (const { resource, line, name, help } of pressures) {
      const text = this.#host.procIfThere(`pressure/${resource}`);
      if (text === null) continue; // kernels before 4.20 (irq: 6.1), or without the option
      const total = new RegExp(`^${line} .*total=([0-9]+)$`, "mu").exec(text)?.[1];
      if (total === undefined) throw new NoDataError(`pressure/${resource} has no "${line}" line`);
      families.push(
        single(`node_pressure_${name}_seconds_total`, help, "counter", Number(total) / 1000 / 1000),
      );
    }
    if (families.length === 0) throw new NoDataError("pressure information is unavailable");
    return families;
  }
}
