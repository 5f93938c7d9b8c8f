/**
 * The command line of `narthex node-exporter`: the original's flags, as far as the collectors here have
 * them. Switches of collectors that are not here yet are known too, so that a command line that turns them
 * off works; `absent` names those that it turns on.
 */

import { collectorNames, usualSettings, type NodeSettings } from "@narthex/exporters/node/node-exporter";
import type { HostPaths } from "@narthex/exporters/node/node-host";
import { versionText } from "@narthex/server/build-info";
import type { ParsedFlags } from "./flags.ts";
import type { Flag, ProgramTable } from "./program-table.ts";

const absentByDefaultOn = `arp bcache bcachefs bonding btrfs conntrack cpufreq dmi dmmultipath edac entropy
fibrechannel hwmon infiniband ipvs kernel_hung mdadm netclass netstat nfs nfsd nvme os powersupplyclass rapl
schedstat selinux sockstat softnet tapestats textfile thermal_zone timex udp_queues watchdog xfs zfs`.split(
  /\s/u,
);
const absentByDefaultOff =
  `buddyinfo cgroups cpu_vulnerabilities drbd drm ethtool interrupts ksmd lnstat logind
meminfo_numa mountstats network_route ntp nvmesubsystem pcidevice perf processes qdisc runit slabinfo softirqs
supervisord swap sysctl systemd tcpstat wifi xfrm zoneinfo`.split(/\s/u);

function value(name: string, help: string, standard: string, rest: Partial<Flag> = {}): Flag {
  return { name, help, default: standard, ...rest };
}

function toggle(name: string, help: string, isOn = false): Flag {
  return { name, help, default: String(isOn), isSwitch: true };
}

function integer(text: string): string | null {
  return /^[+-]?\d+$/u.test(text)
    ? null
    : `strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`;
}

function regexpHelp(what: string, action: string, other: string): string {
  return `Regexp of ${what} to ${action} for filesystem collector. (mutually exclusive to ${other})`;
}

const { diskstats, filesystem, vmstat } = usualSettings;

const collectorFlags: readonly Flag[] = [
  toggle("collector.cpu.guest", "Enables metric node_cpu_guest_seconds_total", true),
  value(
    "collector.diskstats.device-exclude",
    "Regexp of diskstats devices to exclude (mutually exclusive to device-include).",
    diskstats.deviceExclude,
  ),
  value(
    "collector.diskstats.device-include",
    "Regexp of diskstats devices to include (mutually exclusive to device-exclude).",
    "",
  ),
  value(
    "collector.filesystem.mount-points-exclude",
    regexpHelp("mount points", "exclude", "mount-points-include"),
    filesystem.mountPointsExclude,
  ),
  value(
    "collector.filesystem.mount-points-include",
    regexpHelp("mount points", "include", "mount-points-exclude"),
    "",
  ),
  value(
    "collector.filesystem.fs-types-exclude",
    regexpHelp("filesystem types", "exclude", "fs-types-include"),
    filesystem.fsTypesExclude,
  ),
  value(
    "collector.filesystem.fs-types-include",
    regexpHelp("filesystem types", "exclude", "fs-types-exclude"),
    "",
  ),
  value(
    "collector.netdev.device-include",
    "Regexp of net devices to include (mutually exclusive to device-exclude).",
    "",
  ),
  value(
    "collector.netdev.device-exclude",
    "Regexp of net devices to exclude (mutually exclusive to device-include).",
    "",
  ),
  toggle("collector.netdev.netlink", "Show what netlink tells beyond /proc/net/dev.", true),
  toggle("collector.stat.softirq", "Export softirq calls per vector"),
  value("collector.vmstat.fields", "Regexp of fields to return for vmstat collector.", vmstat.fields),
];

const generalFlags: readonly Flag[] = [
  value("path.procfs", "procfs mountpoint.", "/proc"),
  value("path.sysfs", "sysfs mountpoint.", "/sys"),
  value("path.rootfs", "rootfs mountpoint.", "/"),
  value("path.udev.data", "udev data path.", "/run/udev/data"),
  value("web.telemetry-path", "Path under which to expose metrics.", "/metrics"),
  toggle(
    "web.disable-exporter-metrics",
    "Exclude metrics about the exporter itself (promhttp_*, process_*, nodejs_*).",
  ),
  value("web.max-requests", "Maximum number of parallel scrape requests. Use 0 to disable.", "40", {
    check: integer,
  }),
  toggle("collector.disable-defaults", "Set all collectors to disabled by default."),
  value("runtime.gomaxprocs", "Accepted for compatibility; Node.js has no such setting.", "1", {
    check: integer,
  }),
  value(
    "web.listen-address",
    "Addresses on which to expose metrics and web interface. Repeatable for multiple addresses.",
    ":9100",
    { isRepeatable: true },
  ),
  value(
    "log.level",
    "Only log messages with the given severity or above. One of: [debug, info, warn, error]",
    "info",
    { choices: ["debug", "info", "warn", "error"] },
  ),
  value("log.format", "Output format of log messages. One of: [logfmt, json]", "logfmt", {
    choices: ["logfmt", "json"],
  }),
];

function collectorSwitches(): Flag[] {
  const make = (name: string, isOn: boolean, note: string): Flag =>
    toggle(
      `collector.${name}`,
      `Enable the ${name} collector (default: ${isOn ? "enabled" : "disabled"}).${note}`,
      isOn,
    );
  return [
    ...collectorNames.map((name) => make(name, true, "")),
    ...absentByDefaultOn.map((name) => make(name, true, " Not available yet.")),
    ...absentByDefaultOff.map((name) => make(name, false, " Not available yet.")),
  ].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** The program's command line. */
export const nodeExporterTable: ProgramTable = {
  name: "node_exporter",
  help: "Metrics of this machine.",
  version: versionText("node_exporter"),
  flags: [...collectorFlags, ...generalFlags, ...collectorSwitches()],
};

/** What the flags say. */
export interface NodeExporterSetup {
  readonly paths: HostPaths;
  readonly settings: NodeSettings;
  /** Collectors to run. */
  readonly enabled: readonly string[];
  /** Collectors that were asked for and are not here. */
  readonly absent: readonly string[];
}

/** Reads the parsed flags. Throws `RangeError` when two of them exclude each other. */
export function readSetup(flags: ParsedFlags): NodeExporterSetup {
  const defaultsOff = flags.isOn("collector.disable-defaults");
  const isOn = (name: string): boolean =>
    flags.isOn(`collector.${name}`) && (!defaultsOff || flags.isGiven(`collector.${name}`));
  const absent = [...absentByDefaultOn, ...absentByDefaultOff].filter(
    (name) => flags.isGiven(`collector.${name}`) && isOn(name),
  );
  return {
    paths: {
      procfs: flags.text("path.procfs"),
      sysfs: flags.text("path.sysfs"),
      rootfs: flags.text("path.rootfs"),
      udevData: flags.text("path.udev.data"),
    },
    settings: readSettings(flags),
    enabled: collectorNames.filter(isOn),
    absent,
  };
}

function readSettings(flags: ParsedFlags): NodeSettings {
  const [diskExclude, diskInclude] = patterns(flags, "collector.diskstats.device-");
  const [mountExclude, mountInclude] = patterns(flags, "collector.filesystem.mount-points-");
  const [typeExclude, typeInclude] = patterns(flags, "collector.filesystem.fs-types-");
  const [netExclude, netInclude] = patterns(flags, "collector.netdev.device-");
  return {
    cpu: { guest: flags.isOn("collector.cpu.guest") },
    diskstats: { deviceExclude: diskExclude, deviceInclude: diskInclude },
    filesystem: {
      mountPointsExclude: mountExclude,
      mountPointsInclude: mountInclude,
      fsTypesExclude: typeExclude,
      fsTypesInclude: typeInclude,
      mountTimeoutMs: filesystem.mountTimeoutMs,
    },
    netdev: {
      deviceExclude: netExclude,
      deviceInclude: netInclude,
      netlink: flags.isOn("collector.netdev.netlink"),
    },
    stat: { softirq: flags.isOn("collector.stat.softirq") },
    vmstat: { fields: flags.text("collector.vmstat.fields") },
  };
}

/** The excluding and the including pattern; an including one takes the default of the other away. */
function patterns(flags: ParsedFlags, stem: string): readonly [string, string] {
  const exclude = flags.text(`${stem}exclude`);
  const include = flags.text(`${stem}include`);
  if (include === "") return [exclude, ""];
  if (flags.isGiven(`${stem}exclude`) && exclude !== "") {
    throw new RangeError(`--${stem}exclude and --${stem}include are mutually exclusive`);
  }
  return ["", include];
}
