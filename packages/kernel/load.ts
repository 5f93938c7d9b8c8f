/**
 * Makes the kernels callable in this thread: compiles the module once per process, instantiates it over the
 * arena.
 *
 * Each kernel is one file in `assembly/`; its TypeScript interface is one file here, named alike, and is
 * added to `Kernels` below. All numbers: addresses and counts are u32, times and values f64. A u32 result
 * arrives as a signed number: write `kernels.f(…) >>> 0` where it is an address.
 *
 * Invariants
 *  - Kernels keep no mutable static memory (every thread shares it); what they work on is handed in.
 */

import { assert } from "@narthex/platform/assert";
import { readFileAt } from "@narthex/platform/file-at";
import { arenaStart, type Arena } from "./arena.ts";
import type { Crc32cKernel } from "./crc32c.ts";
import type { ExtendedWindowsKernel } from "./extended-windows.ts";
import type { HashKernel } from "./hash.ts";
import type { HeadAppendKernel } from "./head-append.ts";
import type { HeadRecordKernel } from "./head-record.ts";
import type { HeadSnapshotKernel } from "./head-snapshot.ts";
import type { NumberParseKernel } from "./number-parse.ts";
import type { PageDiffKernel } from "./page-diff.ts";
import type { PagesKernel } from "./pages.ts";
import type { RowsKernel } from "./rows.ts";
import type { SlabKernel } from "./slab.ts";
import type { RangeWindowsKernel } from "./range-windows.ts";
import type { OverTimeKernel } from "./over-time.ts";
import type { RowAggregateKernel } from "./row-aggregate.ts";
import type { SnappyKernel } from "./snappy.ts";
import type { XorChunkKernel } from "./xor-chunk.ts";
import type { Xor2ChunkKernel } from "./xor2-chunk.ts";
import type { XxHashKernel } from "./xxhash.ts";
import type { JsonPointsKernel } from "./json-points.ts";
import { webAssembly, type CompiledModule, type SharedMemory } from "./web-assembly.ts";

/** Every exported function of every kernel. */
export interface Kernels
  extends
    NumberParseKernel,
    PageDiffKernel,
    PagesKernel,
    RowsKernel,
    SlabKernel,
    HashKernel,
    HeadAppendKernel,
    HeadRecordKernel,
    HeadSnapshotKernel,
    RangeWindowsKernel,
    ExtendedWindowsKernel,
    OverTimeKernel,
    RowAggregateKernel,
    Crc32cKernel,
    SnappyKernel,
    XorChunkKernel,
    Xor2ChunkKernel,
    XxHashKernel,
    JsonPointsKernel {}

const compiled = new Map<string, CompiledModule>();
const instances = new WeakMap<SharedMemory, Kernels>();

/** The kernels over `arena`; the same object for the same memory. Throws when the module was not built. */
export function loadKernels(arena: Arena): Kernels {
  const known = instances.get(arena.memory);
  if (known !== undefined) return known;
  const { exports } = new webAssembly.Instance(kernelModule(), { env: { memory: arena.memory, abort } });
  const kernels = exports as Kernels;
  assert(kernels.constantsEnd() <= arenaStart, "the kernels' constants end below the arena");
  instances.set(arena.memory, kernels);
  return kernels;
}

function abort(): never {
  throw new Error("a kernel aborted");
}

function kernelModule(): CompiledModule {
  const url = import.meta.resolve("@narthex/kernel/kernels.wasm");
  let module = compiled.get(url);
  if (module === undefined) {
    module = new webAssembly.Module(readFileAt(url, "run `npm run build` first"));
    compiled.set(url, module);
  }
  return module;
}
