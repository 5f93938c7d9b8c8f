/**
 * Real servers to compare with: fetches a Debian package and unpacks it under .cache/peers, without
 * installing it.
 *
 *   test → peerBinary → debianPackage → apt-get download, dpkg -x → a path to run
 *
 * The mirror and its keyring are read from the machine's own apt sources; of that mirror we ask for `sid`,
 * where the newest versions are, and when that fails (or what it gives does not run here) for the suite the
 * machine itself uses. apt gets a configuration, a state and a cache of its own, so the system's lists and
 * packages stay untouched. Lists are fetched at most once a day; what is unpacked stays until newer lists are
 * there.
 *
 * Nothing here throws for want of apt or a network: the answer is then a reason to skip, which the test hands
 * to `t.skip` so that the run counts it.
 *
 * Invariant: at most one process works in .cache/peers at a time (the lock folder below, which names its
 * owner).
 */

import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { systemClock } from "@narthex/platform/clock";

/** An unpacked package. */
export interface DebianPackage {
  /** As Debian writes it, e.g. `3.5.0+ds-1`. */
  readonly version: string;
  /** Path of the program `name` in it; throws when the package holds no such program. */
  binary(name: string): string;
}

/** Why there is no peer, in words fit for `t.skip`. */
export interface MissingPeer {
  readonly skip: string;
}

const run = promisify(execFile);
const cacheFolder = fileURLToPath(new URL("../../.cache/peers", import.meta.url));
const dayMs = 24 * 3600 * 1000;
const lockPollMs = 200;

/** A Debian mirror as the machine's sources name it. */
export interface Mirror {
  readonly uri: string;
  /** Path of the keyring, or "" for apt's trusted ones. */
  readonly keyring: string;
  /** The suite that the machine itself uses. */
  readonly ownSuite: string;
}

/** The programs we run beside ours, and the packages that may hold them, newest arrangement first. */
const homes = {
  prometheus: ["prometheus"],
  promtool: ["promtool", "prometheus"],
  "prometheus-node-exporter": ["prometheus-node-exporter"],
} as const;

/** Path of a real program, or why there is none. */
export async function peerBinary(name: keyof typeof homes): Promise<string | MissingPeer> {
  let missing: MissingPeer = { skip: `no package for ${name}` };
  for (const home of homes[name]) {
    const found = await debianPackage(home, name);
    if (!("skip" in found)) return found.binary(name);
    missing = found;
  }
  return missing;
}

/** Fetches and unpacks package `name`; `program` (default: `name`) must be in it and must run here. */
export async function debianPackage(name: string, program = name): Promise<DebianPackage | MissingPeer> {
  let mirror: Mirror | undefined;
  try {
    mirror = findMirror(await readSources());
  } catch (error) {
    return { skip: `no Debian package ${name}: ${describe(error)}` };
  }
  if (mirror === undefined) return { skip: `no Debian package ${name}: no Debian mirror in /etc/apt` };
  const release = await takeLock();
  try {
    const reasons: string[] = [];
    for (const suite of new Set(["sid", mirror.ownSuite])) {
      const found = await fromSuite(mirror, suite, name, program).catch((error: unknown) => describe(error));
      if (typeof found !== "string") return found;
      reasons.push(`${suite}: ${found}`);
    }
    return { skip: `no Debian package ${name}: ${reasons.join("; ")}` };
  } finally {
    await release();
  }
}

async function readSources(): Promise<string[]> {
  const folder = "/etc/apt/sources.list.d";
  const names = existsSync(folder) ? (await readdir(folder)).toSorted() : [];
  const paths = names.filter((name) => /\.(?:list|sources)$/.test(name)).map((name) => join(folder, name));
  if (existsSync("/etc/apt/sources.list")) paths.push("/etc/apt/sources.list");
  return Promise.all(paths.map((path) => readFile(path, "utf8")));
}

/** The first source, in either notation of apt, that is a main archive of Debian. */
export function findMirror(sources: readonly string[]): Mirror | undefined {
  for (const text of sources) {
    for (const stanza of text.split(/\n\s*\n/)) {
      const found = mirrorOfStanza(stanza) ?? mirrorOfLines(stanza);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

function mirrorOfStanza(stanza: string): Mirror | undefined {
  const field = (name: string): string =>
    new RegExp(`^${name}:[ \\t]*(.*)$`, "im").exec(stanza)?.[1]?.trim() ?? "";
  const uri = field("URIs").split(/\s+/)[0]!;
  const suite = field("Suites").split(/\s+/)[0]!;
  const wanted = field("Types").split(/\s+/).includes("deb") && /\bmain\b/.test(field("Components"));
  if (!wanted || /^no$/i.test(field("Enabled"))) return undefined;
  return mainArchive(uri, suite, field("Signed-By"));
}

function mirrorOfLines(stanza: string): Mirror | undefined {
  for (const line of stanza.split("\n")) {
    const [, options = "", uri, suite] =
      /^deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s+.*\bmain\b/.exec(line) ?? [];
    if (uri === undefined || suite === undefined) continue;
    const found = mainArchive(uri, suite, /signed-by=(\S+)/i.exec(options)?.[1] ?? "");
    if (found !== undefined) return found;
  }
  return undefined;
}

function mainArchive(uri: string, suite: string, keyring: string): Mirror | undefined {
  if (!/\/debian\/?$/.test(uri) || /-/.test(suite)) return undefined;
  return { uri, keyring, ownSuite: suite };
}

/**
 * The package from one suite; rejects with why not. What an earlier run unpacked is used when fetching fails.
 */
async function fromSuite(
  mirror: Mirror,
  suite: string,
  name: string,
  program: string,
): Promise<DebianPackage> {
  const home = join(cacheFolder, suite, name);
  let trouble: unknown;
  try {
    const listsMs = await updateLists(mirror, suite);
    if ((await modifiedMs(join(home, "version"))) < listsMs) await unpack(suite, name, home);
  } catch (error) {
    trouble = error;
  }
  if (!existsSync(join(home, "version"))) throw trouble;
  const version = await readFile(join(home, "version"), "utf8");
  const binary = (wanted: string): string => {
    const path = join(home, "root/usr/bin", wanted);
    if (!existsSync(path)) throw new Error(`cannot find ${wanted} in Debian's ${name} ${version}`);
    return path;
  };
  await run(binary(program), ["--version"]);
  return { version, binary };
}

/** Fetches the package lists of a suite when they are older than a day; returns when they were fetched. */
async function updateLists(mirror: Mirror, suite: string): Promise<number> {
  const folder = join(cacheFolder, suite);
  const stamp = join(folder, "lists-fetched");
  const fetchedMs = await modifiedMs(stamp);
  if (systemClock.nowMs() - fetchedMs < dayMs) return fetchedMs;
  for (const part of ["state/lists/partial", "cache/archives/partial"]) {
    await mkdir(join(folder, part), { recursive: true });
  }
  const signed = mirror.keyring === "" ? "" : `[signed-by=${mirror.keyring}] `;
  await writeFile(join(folder, "sources.list"), `deb ${signed}${mirror.uri} ${suite} main\n`);
  await writeFile(join(folder, "status"), "");
  await writeFile(join(folder, "apt.conf"), aptConfig(folder));
  await apt(suite, folder, ["update", "--error-on=any"]);
  await writeFile(stamp, suite);
  return modifiedMs(stamp);
}

/** Read by apt after the system's own files, so it has the last word; hooks of the system are taken out. */
function aptConfig(folder: string): string {
  return `#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Post-Invoke;
#clear Acquire::IndexTargets::deb::DEP-11;
#clear Acquire::IndexTargets::deb::CNF;
Dir::State "${folder}/state";
Dir::State::status "${folder}/status";
Dir::Cache "${folder}/cache";
Dir::Etc::sourcelist "${folder}/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::Retries "2";
`;
}

async function unpack(suite: string, name: string, home: string): Promise<void> {
  const fresh = `${home}.${process.pid}`;
  await mkdir(join(fresh, "root"), { recursive: true });
  try {
    await apt(suite, fresh, ["download", name]);
    const archive = (await readdir(fresh)).find((file) => file.endsWith(".deb"));
    if (archive === undefined) throw new Error(`apt-get download left no file for ${name}`);
    await run("dpkg", ["-x", join(fresh, archive), join(fresh, "root")]);
    const { stdout } = await run("dpkg-deb", ["-f", join(fresh, archive), "Version"]);
    await rm(join(fresh, archive));
    await writeFile(join(fresh, "version"), stdout.trim());
    await rm(home, { recursive: true, force: true });
    await rename(fresh, home);
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

async function apt(suite: string, cwd: string, args: readonly string[]): Promise<void> {
  const env = { ...process.env, APT_CONFIG: join(cacheFolder, suite, "apt.conf"), LC_ALL: "C" };
  await run("apt-get", ["-q", ...args], { cwd, env });
}

/** Waits for the lock and returns what gives it back. A lock whose owner is gone is taken over. */
async function takeLock(): Promise<() => Promise<void>> {
  const lock = join(cacheFolder, "lock");
  await mkdir(cacheFolder, { recursive: true });
  while (true) {
    try {
      await mkdir(lock);
      await writeFile(join(lock, "owner"), String(process.pid));
      return () => rm(lock, { recursive: true, force: true });
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
    }
    if (await isAbandoned(lock)) await rm(lock, { recursive: true, force: true });
    else await systemClock.sleep(lockPollMs);
  }
}

async function isAbandoned(lock: string): Promise<boolean> {
  const owner = await readFile(join(lock, "owner"), "utf8").catch(() => "");
  if (owner !== "") return !existsSync(`/proc/${owner}`);
  const madeMs = await modifiedMs(lock);
  return madeMs > 0 && systemClock.nowMs() - madeMs > 10_000;
}

/** When the file was last written, in ms since 1970; 0 when it does not exist. */
async function modifiedMs(path: string): Promise<number> {
  return stat(path).then(
    (status) => status.mtimeMs,
    () => 0,
  );
}

/** The first line that says what went wrong. */
function describe(error: unknown): string {
  const output = error instanceof Error && "stderr" in error ? String(error.stderr) : "";
  const complaint = /^E: (.*)$/m.exec(output)?.[1];
  return complaint ?? (error instanceof Error ? error.message.split("\n")[0]! : String(error));
}
