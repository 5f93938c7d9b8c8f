/**
 * Runs a server, real or ours, for a test or a bench: on a free port of the loopback interface, with a data
 * directory of its own, until it answers; then tells its CPU time and memory, and stops it by its process id.
 *
 * Invariants
 *  - `stop` resolves only when the process is gone and its directory is removed; calling it twice is fine.
 *  - When `startPeer` rejects, nothing is left behind.
 *  - When this process ends without `stop`, the server is killed (its directory stays).
 */

import { spawn, type ChildProcess } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { systemClock } from "@narthex/platform/clock";

/** How to start a server; the functions are told the port and the directory that were chosen. */
export interface PeerOptions {
  readonly command: string;
  readonly args: (place: PeerPlace) => readonly string[];
  /** Path of a URL that answers with status 200 when the server is ready, e.g. `/-/ready`. */
  readonly readyPath: string;
  /** Called before the start, e.g. to write a configuration into the directory. */
  readonly prepare?: (place: PeerPlace) => Promise<void>;
  readonly env?: Readonly<Record<string, string>>;
  /** Give up waiting after this long; default 60 s. */
  readonly readyWithinMs?: number;
}

/** Where a server lives. */
export interface PeerPlace {
  readonly port: number;
  /** Empty at first, removed by `stop`. */
  readonly directory: string;
}

/** CPU time since the start and memory now, of one process with all its threads. */
export interface ProcessUse {
  readonly cpuMs: number;
  readonly residentBytes: number;
  /** The part of the resident memory that no file backs: heap, stacks, anonymous mappings. */
  readonly anonymousBytes: number;
}

/** A running server. */
export interface Peer extends PeerPlace {
  readonly pid: number;
  /** `http://127.0.0.1:<port>`. */
  readonly url: string;
  /** All it has written to standard output and error so far, at most the last megabyte. */
  output(): string;
  use(): Promise<ProcessUse>;
  /** Sends `signal` (default SIGTERM) and waits; returns the exit code, or null when a signal ended it. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

const pollMs = 100;
const killAfterMs = 30_000;
const keptOutputChars = 1 << 20;
const clockTicksPerSecond = 100;

/** Starts a server and waits until it is ready; rejects with its output when it ends before that. */
export async function startPeer(options: PeerOptions): Promise<Peer> {
  const directory = await mkdtemp(join(tmpdir(), "narthex-peer-"));
  const place: PeerPlace = { port: await freePort(), directory };
  try {
    await options.prepare?.(place);
  } catch (error) {
    await rm(directory, { recursive: true, force: true });
    throw error;
  }
  const child = spawn(options.command, [...options.args(place)], {
    cwd: directory,
    env: { ...process.env, ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const peer = new RunningPeer(child, place);
  try {
    await peer.waitReady(options.readyPath, options.readyWithinMs ?? 60_000);
  } catch (error) {
    await peer.stop("SIGKILL");
    throw error;
  }
  return peer;
}

/** A port of 127.0.0.1 that nobody listens on at this moment. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** CPU time and memory of a process, from /proc (Linux only). */
export async function readProcessUse(pid: number): Promise<ProcessUse> {
  const [status, memory] = await Promise.all([
    readFile(`/proc/${pid}/stat`, "utf8"),
    readFile(`/proc/${pid}/status`, "utf8"),
  ]);
  // The command name, in parentheses, may hold spaces: fields are counted from behind it.
  const fields = status.slice(status.lastIndexOf(")") + 2).split(" ");
  const ticks = Number(fields[11]) + Number(fields[12]);
  const kilobytes = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(memory)?.[1] ?? 0);
  return {
    cpuMs: (ticks * 1000) / clockTicksPerSecond,
    residentBytes: kilobytes("VmRSS") * 1024,
    anonymousBytes: (kilobytes("RssAnon") + kilobytes("RssShmem")) * 1024,
  };
}

class RunningPeer implements Peer {
  readonly port: number;
  readonly directory: string;
  readonly url: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<number | null>;
  #exited = false;
  #output = "";

  constructor(child: ChildProcess, place: PeerPlace) {
    this.#child = child;
    this.port = place.port;
    this.directory = place.directory;
    this.url = `http://127.0.0.1:${place.port}`;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8");
      stream?.on("data", (text: string) => {
        this.#output = (this.#output + text).slice(-keptOutputChars);
      });
    }
    const abandon = (): void => void child.kill("SIGKILL");
    process.once("exit", abandon);
    child.once("exit", () => process.off("exit", abandon));
    this.#ended = new Promise((resolve) => {
      child.once("error", (error) => this.#end(`${error.message}\n`, null, resolve));
      child.once("exit", (code) => this.#end("", code, resolve));
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  output(): string {
    return this.#output;
  }

  use(): Promise<ProcessUse> {
    return readProcessUse(this.pid);
  }

  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<number | null> {
    if (!this.#exited) this.#child.kill(signal);
    const killer = systemClock.after(killAfterMs, () => void this.#child.kill("SIGKILL"));
    const code = await this.#ended;
    killer.stop();
    await rm(this.directory, { recursive: true, force: true });
    return code;
  }

  /** Polls until `path` answers with 200. */
  async waitReady(path: string, withinMs: number): Promise<void> {
    const giveUpMs = systemClock.monotonicMs() + withinMs;
    while (true) {
      const status = await fetch(this.url + path).then(
        async (response) => (await response.arrayBuffer(), response.status),
        () => 0,
      );
      if (status === 200) return;
      if (this.#exited) throw new Error(`cannot start ${this.#child.spawnfile}: it ended\n${this.#output}`);
      if (systemClock.monotonicMs() > giveUpMs) {
        throw new Error(`cannot start ${this.#child.spawnfile}: not ready in time\n${this.#output}`);
      }
      await systemClock.sleep(pollMs);
    }
  }

  #end(text: string, code: number | null, resolve: (code: number | null) => void): void {
    this.#exited = true;
    this.#output += text;
    resolve(code);
  }
}
