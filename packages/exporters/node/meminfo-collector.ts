/**
 * /proc/meminfo: the fields that the original knows, in bytes where the kernel gives kilobytes.
 */

import type { MetricFamily } from "@narthex/exposition/metric-family";
import { single } from "../family-builder.ts";
import type { NodeHost } from "./node-host.ts";

const known = new Set(
  `Active Active_anon Active_file AnonHugePages AnonPages Bounce Buffers Cached CmaFree CmaTotal
CommitLimit Committed_AS DirectMap1G DirectMap2M DirectMap4k Dirty HardwareCorrupted HugePages_Free
HugePages_Rsvd HugePages_Surp HugePages_Total Hugepagesize Inactive Inactive_anon Inactive_file
KernelStack Mapped MemAvailable MemFree MemTotal Mlocked NFS_Unstable PageTables Percpu SReclaimable
SUnreclaim Shmem ShmemHugePages ShmemPmdMapped Slab SwapCached SwapFree SwapTotal Unevictable
VmallocChunk VmallocTotal VmallocUsed Writeback WritebackTmp Zswap Zswapped`.split(/\s/u),
);

/** The meminfo collector. */
export class MeminfoCollector {
  readonly #host: NodeHost;

  constructor(host: NodeHost) {
    this.#host = host;
  }

  collect(): MetricFamily[] {
    const families: MetricFamily[] = [];
    const lines = this.#host.proc("meminfo").matchAll(/^(\w+)(?:\((\w+)\))?:\s+([0-9]+)( kB)?$/gmu);
    for (const [, name = "", part, number = "", unit] of lines) {
      const field = part === undefined ? name : `${name}_${part}`;
      if (!known.has(field)) continue;
      const shown = unit === undefined ? field : `${field}_bytes`;
      const value = Number(number) * (unit === undefined ? 1 : 1024);
      families.push(single(`node_memory_${shown}`, `Memory information field ${shown}.`, "gauge", value));
    }
    return families;
  }
}
