// Kernel `pages`: whole pages of the shared memory, from any thread. Same rules as Arena.allocatePages
// (../arena.ts).

const PAGE: u32 = 65536;
const NEXT_PAGE_WORD: usize = 4;

// Where the kernels' constants end.
export function constantsEnd(): u32 {
  return <u32>__heap_base;
}

// Zeroed pages at a page boundary; 0 when the memory cannot grow.
export function pagesAllocate(count: u32): u32 {
  const first = atomic.add<u32>(NEXT_PAGE_WORD, count);
  const end = first + count;
  if (end > 65536) {
    atomic.sub<u32>(NEXT_PAGE_WORD, count);
    return 0;
  }
  while (<u32>memory.size() < end) {
    const have = <u32>memory.size();
    let want = max(end, have + max<u32>(256, have >> 3));
    want = min<u32>(want, 65536);
    if (memory.grow(want - have) < 0 && <u32>memory.size() < end && memory.grow(end - have) < 0) {
      if (<u32>memory.size() < end) return 0;
    }
  }
  return first * PAGE;
}
