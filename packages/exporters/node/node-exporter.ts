/**
 * The node exporter: runs the collectors that are switched on, and says of each whether it succeeded.
 *
 *   collectors (this folder) → NODE EXPORTER → metrics-handler → kit
 *
 * A collector that fails leaves a gap and a 0 in node_scrape_collector_success; the page is served all the
 * same.
 */

import type { MetricFamily } from "@narthex/exposition/metric-family";
import type { HttpRequest } from "@narthex/http/exchange";
import type { Logger } from "@narthex/platform/logger";
import { FamilyBuilder } from "../family-builder.ts";
import { MetricsRefusal } from "../metrics-handler.ts";
import { CpuCollector, type CpuSettings } from "./cpu-collector.ts";
import { DiskstatsCollector, type DiskstatsSettings } from "./diskstats-collector.ts";
import { FilefdCollector } from "./filefd-collector.ts";
import { FilesystemCollector, type FilesystemSettings } from "./filesystem-collector.ts";
import { LoadavgCollector } from "./loadavg-collector.ts";
import { MeminfoCollector } from "./meminfo-collector.ts";
import { NetdevCollector, type NetdevSettings } from "./netdev-collector.ts";
import { NoDataError, type NodeHost } from "./node-host.ts";
import { PressureCollector } from "./pressure-collector.ts";
import { StatCollector, type StatSettings } from "./stat-collector.ts";
import { TimeCollector } from "./time-collector.ts";
import { UnameCollector } from "./uname-collector.ts";
import { VmstatCollector, type VmstatSettings } from "./vmstat-collector.ts";

/**
 * One of the collectors. Throws or rejects when it cannot read; `NoDataError` when there is nothing to read.
 */
export interface NodeCollector {
  collect(): MetricFamily[] | Promise<MetricFamily[]>;
}

/** Settings of all collectors. */
export interface NodeSettings {
  readonly cpu: CpuSettings;
  readonly diskstats: DiskstatsSettings;
  readonly filesystem: FilesystemSettings;
  readonly netdev: NetdevSettings;
  readonly stat: StatSettings;
  readonly vmstat: VmstatSettings;
}

/** The settings that the flags have by default. */
export const usualSettings: NodeSettings = {
  cpu: { guest: true },
  diskstats: {
    deviceExclude: "^(z?ram|loop|fd|(h|s|v|xv)d[a-z]|nvme\\d+n\\d+p)\\d+$",
    deviceInclude: "",
  },
  filesystem: {
    mountPointsExclude: "^/(dev|proc|run|sys|mnt|media|var/lib/docker/.+|var/lib/containers/storage/.+)($|/)",
    mountPointsInclude: "",
    fsTypesExclude:
      "^(autofs|binfmt_misc|bpf|cgroup2?|configfs|debugfs|devpts|devtmpfs|fusectl|hugetlbfs|iso9660|" +
      "mqueue|nsfs|overlay|proc|procfs|pstore|rpc_pipefs|securityfs|selinuxfs|squashfs|erofs|sysfs|tracefs)$",
    fsTypesInclude: "",
    mountTimeoutMs: 5_000,
  },
  netdev: { deviceExclude: "", deviceInclude: "", netlink: true },
  stat: { softirq: false },
  vmstat: { fields: "^(oom_kill|pgpg|pswp|pg.*fault).*" },
};

const collectors: Readonly<Record<string, (host: NodeHost, settings: NodeSettings) => NodeCollector>> = {
  cpu: (host, { cpu }) => new CpuCollector(host, cpu),
  diskstats: (host, { diskstats }) => new DiskstatsCollector(host, diskstats),
  filefd: (host) => new FilefdCollector(host),
  filesystem: (host, { filesystem }) => new FilesystemCollector(host, filesystem),
  loadavg: (host) => new LoadavgCollector(host),
  meminfo: (host) => new MeminfoCollector(host),
  netdev: (host, { netdev }) => new NetdevCollector(host, netdev),
  pressure: (host) => new PressureCollector(host),
  stat: (host, { stat }) => new StatCollector(host, stat),
  time: (host) => new TimeCollector(host),
  uname: (host) => new UnameCollector(host),
  vmstat: (host, { vmstat }) => new VmstatCollector(host, vmstat),
};

/** Names of all collectors, ascending. All are on by default. */
export const collectorNames: readonly string[] = Object.keys(collectors);

/** The collectors of one machine. */
export class NodeExporter {
  readonly #host: NodeHost;
  readonly #logger: Logger;
  readonly #enabled: ReadonlyMap<string, NodeCollector>;

  /** `enabled` are names of collectors. Throws `RegexError` for a bad pattern. */
  constructor(
    host: NodeHost,
    logger: Logger,
    enabled: readonly string[] = collectorNames,
    settings: NodeSettings = usualSettings,
  ) {
    this.#host = host;
    this.#logger = logger;
    const chosen = Object.entries(collectors).filter(([name]) => enabled.includes(name));
    this.#enabled = new Map(chosen.map(([name, make]) => [name, make(host, settings)]));
  }

  /** For `MetricsHandler`: the request may choose by `collect[]`, or leave out by `exclude[]`. */
  readonly gather = (request: HttpRequest): Promise<MetricFamily[]> => {
    const query = request.query();
    return this.collect(query.getAll("collect[]"), query.getAll("exclude[]"));
  };

  /** The families of the chosen collectors; of all when none is chosen. Throws `MetricsRefusal`. */
  async collect(chosen: readonly string[] = [], excluded: readonly string[] = []): Promise<MetricFamily[]> {
    if (chosen.length > 0 && excluded.length > 0) {
      throw new MetricsRefusal("Combined collect and exclude queries are not allowed.");
    }
    for (const name of chosen) {
      if (this.#enabled.has(name)) continue;
      const what = Object.hasOwn(collectors, name) ? "disabled" : "missing";
      const text = `couldn't create collector: ${what} collector: ${name}`;
      throw new MetricsRefusal(`Couldn't create filtered metrics handler: ${text}`);
    }
    const names = [...this.#enabled.keys()].filter((name) =>
      chosen.length > 0 ? chosen.includes(name) : !excluded.includes(name),
    );
    const duration = new FamilyBuilder(
      "node_scrape_collector_duration_seconds",
      "node_exporter: Duration of a collector scrape.",
      "gauge",
    );
    const success = new FamilyBuilder(
      "node_scrape_collector_success",
      "node_exporter: Whether a collector succeeded.",
      "gauge",
    );
    const lists = await Promise.all(
      names.map(async (collector) => {
        const startMs = this.#host.clock.monotonicMs();
        const families = await this.#run(collector);
        duration.add((this.#host.clock.monotonicMs() - startMs) / 1000, { collector });
        success.add(families === null ? 0 : 1, { collector });
        return families ?? [];
      }),
    );
    return [...lists.flat(), duration.build(), success.build()];
  }

  async #run(name: string): Promise<MetricFamily[] | null> {
    try {
      return (await this.#enabled.get(name)?.collect()) ?? null;
    } catch (cause) {
      const fields = { name, err: cause };
      if (cause instanceof NoDataError) this.#logger.debug("collector returned no data", fields);
      else this.#logger.error("collector failed", fields);
      return null;
    }
  }
}
