/**
 * Kernel `pages`: what the other kernels stand on. Definition: `Arena.allocatePages`.
 */

/** Functions of assembly/pages.ts. */
export interface PagesKernel {
  /** Where the kernels' constants end; the arena starts above. */
  constantsEnd(): number;
  /** The address of `count` zeroed pages, 0 when the memory is full. Signed: use `>>> 0`. */
  pagesAllocate(count: number): number;
}
