// Kernel `slab`: size-class allocator with epoch-deferred reuse. Interface and rules: ../slab.ts.
//
// State: 0 used bytes u64 · 8 bump u32 · 12 bump end u32 · 16 limbo first page u32 · 20 limbo last page u32 ·
// 24 limbo read offset u32 · 28 limbo write offset u32 · 32 spare limbo page u32 · 64 heads of free lists,
// u32 × 257 (class = bytes / 16). A limbo page: 0 next page u32 · 16 entries of {address, size, epoch} u32
// each.

import { pagesAllocate } from "./pages";

const PAGE: u32 = 65536;
const SLAB_PAGES: u32 = 4;
const LARGEST: u32 = 4096;
const LIMBO_FIRST: u32 = 16;
const LIMBO_END: u32 = 65536 - 12;
const EPOCH_WORD: usize = 8;

export function slabCreate(): u32 {
  return pagesAllocate(1);
}

function classHead(state: u32, size: u32): usize {
  return state + 64 + ((size >> 4) << 2);
}

export function slabAllocate(state: u32, sizeBytes: u32): u32 {
  const size = (max<u32>(sizeBytes, 1) + 15) & ~15;
  if (size > LARGEST) return allocateLarge(state, size);
  const head = classHead(state, size);
  let block = load<u32>(head);
  if (block != 0) {
    store<u32>(head, load<u32>(block));
    memory.fill(block, 0, size);
  } else {
    block = load<u32>(state, 8);
    if (block + size > load<u32>(state, 12)) {
      block = pagesAllocate(SLAB_PAGES);
      if (block == 0) return 0;
      // The last bytes stay unused: kernels read a little past a block.
      store<u32>(state, block + SLAB_PAGES * PAGE - 64, 12);
    }
    store<u32>(state, block + size, 8);
  }
  store<u64>(state, load<u64>(state) + size);
  return block;
}

// Large blocks live in whole pages; freed ones wait in the list of class 0 as {next, pages}.
function allocateLarge(state: u32, size: u32): u32 {
  const pages = (size + PAGE - 1) / PAGE;
  let link: usize = state + 64;
  let block = load<u32>(link);
  while (block != 0) {
    if (load<u32>(block, 4) == pages) {
      store<u32>(link, load<u32>(block));
      memory.fill(block, 0, pages * PAGE);
      break;
    }
    link = block;
    block = load<u32>(block);
  }
  if (block == 0) block = pagesAllocate(pages);
  if (block != 0) store<u64>(state, load<u64>(state) + pages * PAGE);
  return block;
}

export function slabFree(state: u32, address: u32, sizeBytes: u32): void {
  let size = (max<u32>(sizeBytes, 1) + 15) & ~15;
  let head: usize = state + 64;
  if (size > LARGEST) {
    const pages = (size + PAGE - 1) / PAGE;
    size = pages * PAGE;
    store<u32>(address, pages, 4);
  } else {
    head = classHead(state, size);
  }
  store<u32>(address, load<u32>(head));
  store<u32>(head, address);
  store<u64>(state, load<u64>(state) - size);
}

export function slabRetire(state: u32, address: u32, sizeBytes: u32): void {
  let page = load<u32>(state, 20);
  let at = load<u32>(state, 28);
  if (page == 0 || at > LIMBO_END) {
    let fresh = load<u32>(state, 32);
    if (fresh != 0) store<u32>(state, 0, 32);
    else fresh = pagesAllocate(1);
    if (fresh == 0) return; // the memory is full: the block is lost, which is safe
    store<u32>(fresh, 0);
    if (page != 0) store<u32>(page, fresh);
    else {
      store<u32>(state, fresh, 16);
      store<u32>(state, LIMBO_FIRST, 24);
    }
    store<u32>(state, fresh, 20);
    page = fresh;
    at = LIMBO_FIRST;
  }
  store<u32>(page + at, address);
  store<u32>(page + at, sizeBytes, 4);
  store<u32>(page + at, atomic.load<u32>(EPOCH_WORD), 8);
  store<u32>(state, at + 12, 28);
}

export function slabReclaim(state: u32, oldestEpoch: u32): u32 {
  let count: u32 = 0;
  let page = load<u32>(state, 16);
  let at = load<u32>(state, 24);
  while (page != 0) {
    const last = page == load<u32>(state, 20);
    if (last ? at >= load<u32>(state, 28) : at > LIMBO_END) {
      if (last) break;
      const next = load<u32>(page);
      if (load<u32>(state, 32) == 0) store<u32>(state, page, 32);
      page = next;
      at = LIMBO_FIRST;
      continue;
    }
    if (<i32>(load<u32>(page + at, 8) - oldestEpoch) >= 0) break;
    slabFree(state, load<u32>(page + at), load<u32>(page + at, 4));
    at += 12;
    count++;
  }
  store<u32>(state, page, 16);
  store<u32>(state, at, 24);
  return count;
}

export function slabUsedBytes(state: u32): f64 {
  return <f64>load<u64>(state);
}
