/**
 * Starts a Prometheus, Debian's or ours, with a configuration and a data directory, as the tests that compare
 * the two need them.
 *
 *   peer-process → PROMETHEUS PROCESS → equal-answers, data-directory, tests/end-to-end
 *
 * Ours runs unbuilt, from the sources; its kernels have to be built.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";

import { systemClock } from "@narthex/platform/clock";
import { startPeer, type Peer, type PeerPlace } from "./peer-process.ts";

/** How to start a Prometheus. */
export interface PrometheusSetup {
  /** The configuration file; a function is told where the server will live. */
  readonly config: string | ((place: PeerPlace) => string);
  /** Kept after the end; default: a directory of the process, removed with it. */
  readonly dataDirectory?: string;
  readonly flags?: readonly string[];
  /** Where readiness is asked for; default `/-/ready`. */
  readonly readyPath?: string;
}

/** The arguments after `node` that run one of our programs from its source. */
export const ourProgram: readonly string[] = [
  "--conditions=source",
  fileURLToPath(new URL("../../apps/narthex/narthex.ts", import.meta.url)),
];

/** Starts ours; it is killed when `t` ends, if it still runs. */
export function startOurs(t: TestContext, setup: PrometheusSetup): Promise<Peer> {
  return start(t, process.execPath, [...ourProgram, "prometheus"], setup);
}

/** Starts the original, whose program is at `path`; it is killed when `t` ends, if it still runs. */
export function startOriginal(t: TestContext, path: string, setup: PrometheusSetup): Promise<Peer> {
  return start(t, path, [], setup);
}

async function start(
  t: TestContext,
  command: string,
  first: readonly string[],
  setup: PrometheusSetup,
): Promise<Peer> {
  const peer = await startPeer({
    command,
    args: ({ port, directory }) => [
      ...first,
      `--config.file=${join(directory, "prometheus.yml")}`,
      `--storage.tsdb.path=${setup.dataDirectory ?? join(directory, "data")}`,
      `--web.listen-address=127.0.0.1:${port}`,
      ...(setup.flags ?? []),
    ],
    prepare: async (place) => {
      const text = typeof setup.config === "string" ? setup.config : setup.config(place);
      await writeFile(join(place.directory, "prometheus.yml"), text);
    },
    readyPath: setup.readyPath ?? "/-/ready",
  });
  t.after(() => peer.stop("SIGKILL"));
  return peer;
}

/** An empty directory that is removed when `t` ends. */
export function temporaryDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), "narthex-test-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Asks every 200 ms until `holds` says yes; throws with the last `describe()` after a minute. */
export async function eventually(
  holds: () => Promise<boolean> | boolean,
  describe: () => string = () => "",
): Promise<void> {
  const giveUpMs = systemClock.monotonicMs() + 60_000;
  while (!(await holds())) {
    if (systemClock.monotonicMs() > giveUpMs) throw new Error(`did not come about: ${describe()}`);
    await systemClock.sleep(200);
  }
}
