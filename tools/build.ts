/**
 * Builds what runs: `--kernels` only the WebAssembly kernels, otherwise also the JavaScript of every package.
 * A kernel build is skipped when the sources have not changed since the last one.
 */

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const assembly = `${root}packages/kernel/assembly`;
const output = `${root}packages/kernel/dist`;

const compilerFlags = [
  "-O3",
  "--noAssert",
  "--runtime",
  "stub",
  "--importMemory",
  "--sharedMemory",
  "--initialMemory",
  "16",
  "--maximumMemory",
  "65536",
  "--memoryBase",
  "65536",
  "--enable",
  "simd,threads,bulk-memory",
];

/** Compiles `packages/kernel/assembly/*.ts` into one module, `packages/kernel/dist/kernels.wasm`. */
export function buildKernels(): void {
  const sources = readdirSync(assembly)
    .filter((name) => name.endsWith(".ts"))
    .toSorted();
  const hash = createHash("sha256").update(compilerFlags.join(" "));
  for (const name of sources) hash.update(`\0${name}\0`).update(readFileSync(`${assembly}/${name}`));
  const digest = hash.digest("hex");
  const stamp = `${output}/kernels.sha256`;
  if (existsSync(`${output}/kernels.wasm`) && existsSync(stamp) && readFileSync(stamp, "utf8") === digest)
    return;
  mkdirSync(output, { recursive: true });
  // A side name of its own per process: several tests may build at once.
  const fresh = `${output}/kernels.${process.pid}.wasm`;
  const files = sources.map((name) => `${assembly}/${name}`);
  run(process.execPath, [
    `${root}node_modules/assemblyscript/bin/asc.js`,
    ...files,
    ...compilerFlags,
    "-o",
    fresh,
  ]);
  renameSync(fresh, `${output}/kernels.wasm`);
  writeFileSync(stamp, digest);
}

/** Compiles every package with the TypeScript compiler's build mode. */
export function buildPackages(): void {
  run(process.execPath, [`${root}node_modules/typescript/bin/tsc`, "-b", root]);
}

function run(command: string, args: readonly string[]): void {
  const { status } = spawnSync(command, args, { stdio: "inherit", cwd: root });
  if (status !== 0) throw new Error(`cannot build: ${args[0]} ended with status ${status}`);
}

if (import.meta.main) {
  buildKernels();
  if (!process.argv.includes("--kernels")) buildPackages();
}
