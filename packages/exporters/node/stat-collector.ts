/**
 * Kernel activity from /proc/stat.
 */

import type { MetricFamily } from "@narthex/exposition/metric-family";
import { FamilyBuilder, single } from "../family-builder.ts";
import type { NodeHost } from "./node-host.ts";

const vectors = [
  "hi",
  "timer",
  "net_tx",
  "net_rx",
  "block",
  "block_iopoll",
  "tasklet",
  "sched",
  "hrtimer",
  "rcu",
];

/** Settings of the stat collector. */
export interface StatSettings {
  /** Show soft interrupts by vector. */
  readonly softirq: boolean;
}

/** The stat collector. */
export class StatCollector {
  readonly #host: NodeHost;
  readonly #settings: StatSettings;

  constructor(host: NodeHost, settings: StatSettings) {
    this.#host = host;
    this.#settings = settings;
  }

  collect(): MetricFamily[] {
    const lines = new Map<string, readonly number[]>();
    for (const line of this.#host.proc("stat").split("\n")) {
      const [name = "", ...numbers] = line.split(" ");
      lines.set(name, numbers.map(Number));
    }
    const first = (name: string): number => lines.get(name)?.[0] ?? 0;
    const families = [
      single("node_intr_total", "Total number of interrupts serviced.", "counter", first("intr")),
      single("node_context_switches_total", "Total number of context switches.", "counter", first("ctxt")),
      single("node_forks_total", "Total number of forks.", "counter", first("processes")),
      single("node_boot_time_seconds", "Node boot time, in unixtime.", "gauge", first("btime")),
      single("node_procs_running", "Number of processes in runnable state.", "gauge", first("procs_running")),
      single(
        "node_procs_blocked",
        "Number of processes blocked waiting for I/O to complete.",
        "gauge",
        first("procs_blocked"),
      ),
    ];
    if (!this.#settings.softirq) return families;
    const calls = new FamilyBuilder("node_softirqs_total", "Number of softirq calls.", "counter");
    for (const [i, vector] of vectors.entries()) calls.add(lines.get("softirq")?.[i + 1] ?? 0, { vector });
    return [...families, calls.build()];
  }
}
