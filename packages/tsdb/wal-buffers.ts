/**
 * Arena memory that the log's writers and readers work in. The arena never takes pages back, and a
 * checkpoint opens a reader and a writer every two hours: so they hand their memory on to the next one.
 *
 * Lifetime: from `borrow` to `giveBack`, by one owner in one thread.
 */

import { snappyTableEntries } from "@narthex/bytes/snappy";
import type { Arena } from "@narthex/kernel/arena";
import { Scratch } from "@narthex/kernel/scratch";
import type { SharedMemory } from "@narthex/kernel/web-assembly";
import { walPageBytes } from "./wal-layout.ts";

/** Bytes of `pages`: what a reader reads at once, and more than a writer collects. */
export const walBufferBytes = 32 * walPageBytes;

/** Memory for one reader or writer. */
export interface WalBuffers {
  /** Address of `walBufferBytes` bytes. */
  readonly pages: number;
  /** Address of the snappy encoder's table. */
  readonly snappyTable: number;
  /** For records. Empty when borrowed. */
  readonly scratch: Scratch;
}

const free = new WeakMap<SharedMemory, WalBuffers[]>();

/** Memory that nobody uses, made when there is none. */
export function borrowWalBuffers(arena: Arena): WalBuffers {
  const buffers = free.get(arena.memory)?.pop() ?? {
    pages: arena.allocatePages(walBufferBytes + 16),
    snappyTable: arena.allocatePages(snappyTableEntries * 2),
    scratch: new Scratch(arena),
  };
  buffers.scratch.reset();
  return buffers;
}

/** Hands memory on. Nothing in it may be touched afterwards. */
export function giveBackWalBuffers(arena: Arena, buffers: WalBuffers): void {
  const list = free.get(arena.memory) ?? [];
  list.push(buffers);
  free.set(arena.memory, list);
}
