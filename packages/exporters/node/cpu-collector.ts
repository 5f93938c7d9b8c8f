/**
 * Processor time from /proc/stat; throttling, isolation and presence from /sys/devices/system/cpu.
 *
 * The kernel's idle and wait counters can step back a little: what is shown never does, except when a
 * processor was plugged in anew (three seconds back).
 */

import type { MetricFamily } from "@narthex/exposition/metric-family";
import { buildAll, FamilyBuilder } from "../family-builder.ts";
import type { NodeHost } from "./node-host.ts";

const ticksPerSecond = 100;
const jumpBackSeconds = 3;
const modes = ["user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal"];
const idle = 3;
const cpuDirectory = "devices/system/cpu";

/** Settings of the cpu collector. */
export interface CpuSettings {
  /** Show time spent for guests. */
  readonly guest: boolean;
}

/** The cpu collector. */
export class CpuCollector {
  readonly #host: NodeHost;
  readonly #settings: CpuSettings;
  /** Per processor: the eight modes, guest, guest_nice; seconds. */
  #shown = new Map<string, readonly number[]>();

  constructor(host: NodeHost, settings: CpuSettings) {
    this.#host = host;
    this.#settings = settings;
  }

  collect(): MetricFamily[] {
    return [...this.#times(), ...this.#throttles(), ...this.#isolated(), ...this.#online()];
  }

  #times(): MetricFamily[] {
    const seconds = new FamilyBuilder(
      "node_cpu_seconds_total",
      "Seconds the CPUs spent in each mode.",
      "counter",
    );
    const guest = new FamilyBuilder(
      "node_cpu_guest_seconds_total",
      "Seconds the CPUs spent in guests (VMs) for each mode.",
      "counter",
    );
    const shown = new Map<string, readonly number[]>();
    for (const [, cpu = "", numbers = ""] of this.#host.proc("stat").matchAll(/^cpu([0-9]+) (.*)$/gmu)) {
      const now = numbers
        .trim()
        .split(/\s+/u)
        .map((ticks) => Number(ticks) / ticksPerSecond);
      const times = forward(this.#shown.get(cpu), now);
      shown.set(cpu, times);
      for (const [i, mode] of modes.entries()) seconds.add(times[i] ?? 0, { cpu, mode });
      if (this.#settings.guest) {
        guest.add(times[8] ?? 0, { cpu, mode: "user" }).add(times[9] ?? 0, { cpu, mode: "nice" });
      }
    }
    this.#shown = shown;
    return buildAll([seconds, guest]);
  }

  #throttles(): MetricFamily[] {
    const cores = new FamilyBuilder(
      "node_cpu_core_throttles_total",
      "Number of times this CPU core has been throttled.",
      "counter",
    );
    const packages = new FamilyBuilder(
      "node_cpu_package_throttles_total",
      "Number of times this CPU package has been throttled.",
      "counter",
    );
    const seen = new Set<string>();
    const addOnce = (builder: FamilyBuilder, file: string, labels: Record<string, string>): void => {
      const key = JSON.stringify(labels);
      const count = seen.has(key) ? null : this.#host.sys(`${cpuDirectory}/${file}`);
      if (count === null) return;
      seen.add(key);
      builder.add(Number(count), labels);
    };
    for (const cpu of this.#host.listSys(cpuDirectory, /^cpu[0-9]/u)) {
      const socket = this.#host.sys(`${cpuDirectory}/${cpu}/topology/physical_package_id`);
      const core = this.#host.sys(`${cpuDirectory}/${cpu}/topology/core_id`);
      if (socket === null || core === null) continue;
      addOnce(cores, `${cpu}/thermal_throttle/core_throttle_count`, { core, package: socket });
      addOnce(packages, `${cpu}/thermal_throttle/package_throttle_count`, { package: socket });
    }
    return buildAll([cores, packages]);
  }

  #isolated(): MetricFamily[] {
    const help = "Whether each core is isolated, information from /sys/devices/system/cpu/isolated.";
    const isolated = new FamilyBuilder("node_cpu_isolated", help, "gauge");
    for (const cpu of parseRanges(this.#host.sys(`${cpuDirectory}/isolated`) ?? "")) {
      isolated.add(1, { cpu: String(cpu) });
    }
    return buildAll([isolated]);
  }

  #online(): MetricFamily[] {
    const online = new FamilyBuilder("node_cpu_online", "CPUs that are online and being scheduled.", "gauge");
    if (this.#host.sys(`${cpuDirectory}/cpu0/online`) === null) return []; // this kernel does not tell
    for (const cpu of this.#host.listSys(cpuDirectory, /^cpu[0-9]/u)) {
      online.add(this.#host.sys(`${cpuDirectory}/${cpu}/online`) === "1" ? 1 : 0, { cpu: cpu.slice(3) });
    }
    return buildAll([online]);
  }
}

/** What to show: the later of each pair, or all of `now` when the processor is a new one. */
function forward(shown: readonly number[] | undefined, now: readonly number[]): readonly number[] {
  if (shown === undefined || (shown[idle] ?? 0) - (now[idle] ?? 0) >= jumpBackSeconds) return now;
  return now.map((seconds, i) => Math.max(seconds, shown[i] ?? 0));
}

/** `0-2,5` as numbers. */
function parseRanges(text: string): number[] {
  return text
    .split(",")
    .filter((part) => part !== "")
    .flatMap((part) => {
      const [first = 0, last = first] = part.split("-").map(Number);
      return Array.from({ length: last - first + 1 }, (_, i) => first + i);
    });
}
