/**
 * What every Prometheus program says of its own process. Read from /proc on Linux; what cannot be read is
 * left out.
 */

import { readdirSync, readFileSync } from "node:fs";
import type { MetricFamily } from "@narthex/exposition/metric-family";
import type { Collector } from "./collector.ts";

const ticksPerSecond = 100; // USER_HZ, the same on every Linux of today
const pageBytes = 4096;

interface Reading {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge";
  readonly value: number | null;
}

/** Metrics of the process `self` (or of another one). */
export class ProcessMetrics implements Collector {
  readonly #procPath: string;
  readonly #startSeconds: number | null;

  /** `procPath` is where the proc file system is mounted. */
  constructor(procPath = "/proc") {
    this.#procPath = procPath;
    this.#startSeconds = this.#readStart();
  }

  collect(): readonly MetricFamily[] {
    const stat = this.#stat();
    const limits = this.#read("self/limits");
    const [received, sent] = this.#networkBytes();
    const readings: Reading[] = [
      {
        name: "process_cpu_seconds_total",
        help: "Total user and system CPU time spent in seconds.",
        type: "counter",
        value: cpuSeconds(),
      },
      {
        name: "process_max_fds",
        help: "Maximum number of open file descriptors.",
        type: "gauge",
        value: limit(limits, "Max open files"),
      },
      {
        name: "process_network_receive_bytes_total",
        help: "Number of bytes received by the process over the network.",
        type: "counter",
        value: received,
      },
      {
        name: "process_network_transmit_bytes_total",
        help: "Number of bytes sent by the process over the network.",
        type: "counter",
        value: sent,
      },
      {
        name: "process_open_fds",
        help: "Number of open file descriptors.",
        type: "gauge",
        value: this.#openFiles(),
      },
      {
        name: "process_resident_memory_bytes",
        help: "Resident memory size in bytes.",
        type: "gauge",
        value: stat === null ? null : stat[21]! * pageBytes,
      },
      {
        name: "process_start_time_seconds",
        help: "Start time of the process since unix epoch in seconds.",
        type: "gauge",
        value: this.#startSeconds,
      },
      {
        name: "process_virtual_memory_bytes",
        help: "Virtual memory size in bytes.",
        type: "gauge",
        value: stat === null ? null : stat[20]!,
      },
      {
        name: "process_virtual_memory_max_bytes",
        help: "Maximum amount of virtual memory available in bytes.",
        type: "gauge",
        value: limit(limits, "Max address space"),
      },
    ];
    return readings.flatMap(({ name, help, type, value }) =>
      value === null ? [] : [{ name, help, type, metrics: [{ labelText: "", value }] }],
    );
  }

  #read(path: string): string | null {
    try {
      return readFileSync(`${this.#procPath}/${path}`, "latin1");
    } catch {
      return null; // not Linux, or a hardened one: the metric is left out
    }
  }

  /** The numbers of self/stat behind the command, which is in parentheses: index 0 is the state's field. */
  #stat(): number[] | null {
    const text = this.#read("self/stat");
    return text === null
      ? null
      : text
          .slice(text.lastIndexOf(")") + 2)
          .split(" ")
          .map(Number);
  }

  #readStart(): number | null {
    const bootSeconds = /^btime ([0-9]+)$/mu.exec(this.#read("stat") ?? "")?.[1];
    const startTicks = this.#stat()?.[19];
    if (bootSeconds === undefined || startTicks === undefined) return null;
    return Number(bootSeconds) + startTicks / ticksPerSecond;
  }

  #openFiles(): number | null {
    try {
      return readdirSync(`${this.#procPath}/self/fd`).length;
    } catch {
      return null; // as above
    }
  }

  /** InOctets and OutOctets of self/net/netstat: names in one line, numbers in the next. */
  #networkBytes(): readonly [number | null, number | null] {
    const lines = (this.#read("self/net/netstat") ?? "").split("\n");
    const at = lines.findIndex((line) => line.startsWith("IpExt:"));
    const names = (lines[at] ?? "").split(" ");
    const values = (lines[at + 1] ?? "").split(" ");
    const value = (name: string): number | null => {
      const column = names.indexOf(name);
      return column < 0 ? null : Number(values[column]);
    };
    return [value("InOctets"), value("OutOctets")];
  }
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

function limit(limits: string | null, name: string): number | null {
  const line = limits?.split("\n").find((text) => text.startsWith(name));
  const soft = line?.slice(name.length).trim().split(/\s+/u)[0];
  if (soft === undefined) return null;
  return soft === "unlimited" ? 2 ** 64 : Number(soft);
}
