/**
 * Space on mounted file systems: the mounts of process 1, and statfs(2) on each.
 *
 * A mount that does not answer (a dead NFS server) must not take the threads of the runtime one after the
 * other: at most two calls are under way at once, and a mount that was silent for too long is reported as
 * stuck, and not asked again, until its call comes back.
 */

import type { MetricFamily } from "@narthex/exposition/metric-family";
import { buildAll, FamilyBuilder } from "../family-builder.ts";
import { DeviceFilter } from "./device-filter.ts";
import type { FileSystemUse, NodeHost } from "./node-host.ts";

const callsAtOnce = 2;

/** Settings of the filesystem collector: patterns, "" for none. */
export interface FilesystemSettings {
  readonly mountPointsExclude: string;
  readonly mountPointsInclude: string;
  readonly fsTypesExclude: string;
  readonly fsTypesInclude: string;
  /** How long a mount may take to answer. */
  readonly mountTimeoutMs: number;
}

interface Mount {
  readonly device: string;
  readonly mountPoint: string;
  readonly fsType: string;
  readonly isReadOnly: boolean;
  readonly major: string;
  readonly minor: string;
}

/** What a mount answered: its use, or why there is none. */
type Answer = FileSystemUse | string;

/** The filesystem collector. */
export class FilesystemCollector {
  readonly #host: NodeHost;
  readonly #mountPoints: DeviceFilter;
  readonly #types: DeviceFilter;
  readonly #timeoutMs: number;
  readonly #stuck = new Set<string>();

  constructor(host: NodeHost, settings: FilesystemSettings) {
    this.#host = host;
    this.#mountPoints = new DeviceFilter(settings.mountPointsExclude, settings.mountPointsInclude);
    this.#types = new DeviceFilter(settings.fsTypesExclude, settings.fsTypesInclude);
    this.#timeoutMs = settings.mountTimeoutMs;
  }

  async collect(): Promise<MetricFamily[]> {
    const mounts = this.#mounts();
    const answers: Answer[] = [];
    let next = 0;
    const work = async (): Promise<void> => {
      for (let i = next++; i < mounts.length; i = next++)
        answers[i] = await this.#ask((mounts[i] as Mount).mountPoint);
    };
    await Promise.all(Array.from({ length: callsAtOnce }, work));
    return families(mounts, answers);
  }

  /** The mounts to show, each once. */
  #mounts(): Mount[] {
    const text = this.#host.procIfThere("1/mountinfo") ?? this.#host.proc("self/mountinfo");
    const shown = new Map<string, Mount>();
    for (const line of text.split("\n")) {
      const mount = parseMount(line, this.#host.paths.rootfs);
      if (mount === null || this.#mountPoints.ignores(mount.mountPoint) || this.#types.ignores(mount.fsType))
        continue;
      const key = JSON.stringify([mount.device, mount.mountPoint, mount.fsType, mount.major, mount.minor]);
      if (!shown.has(key)) shown.set(key, mount);
    }
    return [...shown.values()];
  }

  #ask(mountPoint: string): Promise<Answer> {
    if (this.#stuck.has(mountPoint)) return Promise.resolve("mountpoint timeout");
    const { rootfs } = this.#host.paths;
    const path = rootfs === "/" ? mountPoint : `${rootfs}${mountPoint}`;
    return new Promise((resolve) => {
      const timer = this.#host.clock.after(this.#timeoutMs, () => {
        this.#stuck.add(mountPoint);
        resolve("mountpoint timeout");
      });
      const answered = (answer: Answer): void => {
        timer.stop();
        this.#stuck.delete(mountPoint);
        resolve(answer);
      };
      this.#host.calls.statfs(path).then(answered, (error: unknown) => answered(reason(error)));
    });
  }
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  ENOENT: "no such file or directory",
  EIO: "input/output error",
  ENOTCONN: "transport endpoint is not connected",
  ESTALE: "stale NFS file handle",
  ENOSYS: "function not implemented",
};

function reason(error: unknown): string {
  const { code = "", message = String(error) } = error as {
    readonly code?: string;
    readonly message?: string;
  };
  return reasons[code] ?? message;
}

/** A line of mountinfo (proc(5)); null when it is none. */
function parseMount(line: string, rootfs: string): Mount | null {
  const [before = "", after] = line.split(" - ", 2);
  const [, , device = "", , mountPoint = "", options = ""] = before.split(" ");
  if (after === undefined || mountPoint === "") return null;
  const [fsType = "", source = "", superOptions = ""] = after.split(" ");
  const [major = "0", minor = "0"] = device.split(":");
  const superList = superOptions.split(",");
  const isReadOnly =
    options.split(",").includes("ro") || superList.includes("ro") || superList.includes("emergency_ro");
  const plain = mountPoint.replaceAll("\\040", " ").replaceAll("\\011", "\t");
  return { device: source, mountPoint: withoutRoot(plain, rootfs), fsType, isReadOnly, major, minor };
}

function withoutRoot(path: string, rootfs: string): string {
  if (rootfs === "/" || !path.startsWith(rootfs)) return path;
  return path.slice(rootfs.length) || "/";
}

function families(mounts: readonly Mount[], answers: readonly Answer[]): MetricFamily[] {
  const gauge = (name: string, help: string): FamilyBuilder =>
    new FamilyBuilder(`node_filesystem_${name}`, help, "gauge");
  const deviceError = gauge(
    "device_error",
    "Whether an error occurred while getting statistics for the given device.",
  );
  const readOnly = gauge("readonly", "Filesystem read-only status.");
  const size = gauge("size_bytes", "Filesystem size in bytes.");
  const free = gauge("free_bytes", "Filesystem free space in bytes.");
  const available = gauge("avail_bytes", "Filesystem space available to non-root users in bytes.");
  const files = gauge("files", "Filesystem total file nodes.");
  const freeFiles = gauge("files_free", "Filesystem total free file nodes.");
  const purgeable = gauge(
    "purgeable_bytes",
    "Filesystem space available including purgeable space (MacOS specific).",
  );
  const info = gauge("mount_info", "Filesystem mount information.");
  for (const [i, { device, mountPoint, fsType, isReadOnly, major, minor }] of mounts.entries()) {
    const use = answers[i];
    const failure = typeof use === "string" ? use : "";
    const labels = { device, mountpoint: mountPoint, fstype: fsType, device_error: failure };
    deviceError.add(failure === "" ? 0 : 1, labels);
    readOnly.add(isReadOnly ? 1 : 0, labels);
    if (use === undefined || typeof use === "string") continue;
    size.add(use.blocks * use.blockBytes, labels);
    free.add(use.freeBlocks * use.blockBytes, labels);
    available.add(use.availableBlocks * use.blockBytes, labels);
    files.add(use.files, labels);
    freeFiles.add(use.freeFiles, labels);
    purgeable.add(0, labels);
    info.add(1, { device, major, minor, mountpoint: mountPoint });
  }
  return buildAll([deviceError, readOnly, size, free, available, files, freeFiles, purgeable, info]);
}
