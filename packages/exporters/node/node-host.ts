/**
 * The machine as the node collectors see it: files under settable paths, and the few system calls that no
 * file answers.
 */

import type { Clock } from "@narthex/platform/clock";
import type { Disk } from "@narthex/platform/disk";

/** What uname(2) tells, the domain name aside. */
export interface SystemName {
  readonly sysname: string;
  readonly release: string;
  readonly version: string;
  readonly machine: string;
  readonly nodename: string;
}

/** What statfs(2) tells. Sizes in blocks. */
export interface FileSystemUse {
  readonly blockBytes: number;
  readonly blocks: number;
  readonly freeBlocks: number;
  readonly availableBlocks: number;
  readonly files: number;
  readonly freeFiles: number;
}

/** System calls. */
export interface SystemCalls {
  uname(): SystemName;
  /** Rejects with an error that has a `code` when the path cannot be looked at. */
  statfs(path: string): Promise<FileSystemUse>;
}

/** Where the machine's file systems are. */
export interface HostPaths {
  readonly procfs: string;
  readonly sysfs: string;
  readonly rootfs: string;
  readonly udevData: string;
}

/** The usual places. */
export const usualPaths: HostPaths = {
  procfs: "/proc",
  sysfs: "/sys",
  rootfs: "/",
  udevData: "/run/udev/data",
};

/** A collector has nothing to say on this machine; logged at debug level only. */
export class NoDataError extends Error {
  override readonly name = "NoDataError";
  readonly code = "NO_DATA";
}

const decoder = new TextDecoder();

/** A machine. */
export class NodeHost {
  readonly paths: HostPaths;
  readonly clock: Clock;
  readonly calls: SystemCalls;
  readonly #disk: Disk;

  constructor(disk: Disk, calls: SystemCalls, clock: Clock, paths: HostPaths = usualPaths) {
    this.#disk = disk;
    this.calls = calls;
    this.clock = clock;
    this.paths = paths;
  }

  /** The text of a file under /proc. Throws when it cannot be read. */
  proc(path: string): string {
    return decoder.decode(this.#disk.readFile(`${this.paths.procfs}/${path}`));
  }

  /** The text of a file under /proc; null when it is not there. */
  procIfThere(path: string): string | null {
    return this.#readIfThere(`${this.paths.procfs}/${path}`);
  }

  /**
   * The trimmed text of a file under /sys; null when it cannot be read, as files of absent hardware cannot.
   */
  sys(path: string): string | null {
    try {
      return decoder.decode(this.#disk.readFile(`${this.paths.sysfs}/${path}`)).trim();
    } catch {
      return null; // sysfs answers ENOENT, EINVAL, ENODEV, EOPNOTSUPP as it likes: there is no value
    }
  }

  /** Names in a directory under /sys that match `pattern`, ascending; none when it is not there. */
  listSys(path: string, pattern: RegExp): string[] {
    const full = `${this.paths.sysfs}/${path}`;
    return this.#disk.exists(full) ? this.#disk.list(full).filter((name) => pattern.test(name)) : [];
  }

  /** udev's properties of a block device; empty when udev knows none. */
  udevProperties(major: string, minor: string): Map<string, string> {
    const text = this.#readIfThere(`${this.paths.udevData}/b${major}:${minor}`) ?? "";
    const properties = new Map<string, string>();
    for (const line of text.split("\n")) {
      const equal = line.indexOf("=");
      if (line.startsWith("E:") && equal > 0) properties.set(line.slice(2, equal), line.slice(equal + 1));
    }
    return properties;
  }

  #readIfThere(path: string): string | null {
    return this.#disk.exists(path) ? decoder.decode(this.#disk.readFile(path)) : null;
  }
}
