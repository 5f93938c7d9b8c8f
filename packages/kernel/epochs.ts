/**
 * Epochs: how a reader keeps what it reads from being reused under it (rule 3 of the publication protocol,
 * arena.ts).
 *
 * Invariants
 *  - Between `enter` and `leave` of a slot, no block retired in the entered epoch or later is reused.
 *  - A slot belongs to one thread, and one task at a time.
 */

import { assert } from "@narthex/platform/assert";
import { controlWord, readerSlots, type Arena } from "./arena.ts";

/** Announces the current epoch in `slot` (0 ≤ slot < `readerSlots`). */
export function enterEpoch(arena: Arena, slot: number): void {
  assert(slot >= 0 && slot < readerSlots, "a reader slot exists");
  const words = arena.i32;
  for (;;) {
    const epoch = Atomics.load(words, controlWord.epoch);
    Atomics.store(words, controlWord.readers + slot, epoch);
    // The writer may have moved on, and freed, between the two lines: announce again.
    if (Atomics.load(words, controlWord.epoch) === epoch) return;
  }
}

/** Takes the announcement back: the reader holds no address any more. */
export function leaveEpoch(arena: Arena, slot: number): void {
  Atomics.store(arena.i32, controlWord.readers + slot, 0);
}

/**
 * Writer only: starts a new epoch and returns the oldest one that a reader may still be in. Blocks retired in
 * earlier epochs than the returned one are free.
 */
export function advanceEpoch(arena: Arena): number {
  const words = arena.i32;
  let oldest = (Atomics.add(words, controlWord.epoch, 1) + 1) | 0;
  // 0 says "outside". A reader that announces it meanwhile sees the next line and announces again.
  if (oldest === 0) oldest = Atomics.add(words, controlWord.epoch, 1) + 1;
  for (let slot = 0; slot < readerSlots; slot++) {
    const announced = Atomics.load(words, controlWord.readers + slot);
    // Epochs wrap at 2^32: the difference tells which is earlier.
    if (announced !== 0 && ((announced - oldest) | 0) < 0) oldest = announced;
  }
  return oldest;
}
