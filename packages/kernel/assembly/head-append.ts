// Kernel `head-append`: a batch of samples into the open chunks of the head. Interface: ../head-append.ts,
// layout of the structures: packages/tsdb/head-layout.ts, definition of the bits:
// packages/chunk/xor-chunk.ts.

import { slabAllocate, slabFree, slabRetire } from "./slab";

// Root fields.
const SLAB: usize = 0;
const DIRECTORY: usize = 4;
const MIN_TIME: usize = 16;
const MAX_TIME: usize = 24;
const MIN_VALID: usize = 32;
const CHUNK_COUNT: usize = 72;
const APPENDED: usize = 80;
const CHUNK_RANGE: usize = 88;
const SAMPLES_PER_CHUNK: usize = 96;
const CHUNKS_CREATED: usize = 104;
// Series fields.
const LAST_TIME: usize = 0;
const LAST_VALUE: usize = 8;
const DELTA: usize = 16;
const OPEN_MIN: usize = 24;
const CHUNK: usize = 32;
const CAPACITY: usize = 36;
const BIT: usize = 40;
const LEADING: usize = 44;
const TRAILING: usize = 45;
const ENCODING: usize = 46;
const VERSION: usize = 48;
const SEALED: usize = 52;
const COMMIT_A: usize = 68;
const START_A: usize = 72;
const COMMIT_B: usize = 76;
const START_B: usize = 92;
const NEXT_CUT: usize = 80;
const SERIES_BYTES: u32 = 96;
const CHUNK_HEADER: u32 = 32;

// Few sizes, 80, 224, 512 and 1088 bytes: a size that all series have left behind lies idle for a while.
const FIRST_CAPACITY: u32 = 80;
const HEADROOM: u32 = 32;
const MAX_CHUNK_BYTES: u32 = 1005;
const NO_WINDOW: u8 = 255;

// The record of a series, 0 when the series is gone or never was.
// @ts-ignore: decorator
@inline
function recordOf(root: usize, ref: u32): usize {
  const segment = load<u32>(<usize>load<u32>(root, DIRECTORY) + (<usize>(ref >> 12) << 2));
  if (segment == 0) return 0;
  const record = <usize>segment + <usize>(ref & 4095) * SERIES_BYTES;
  return load<u32>(record, 88) == ref ? record : 0;
}

export function headAdmit(
  root: u32, refs: u32, times: u32, timeStride: u32, values: u32, count: u32, results: u32, keep: u32,
): u32 {
  const minValid = load<f64>(root, MIN_VALID);
  let refused: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const ref = load<u32>(refs + (i << 2));
    let verdict: u8 = 0;
    let kept: u8 = 0;
    if (ref != 0) {
      const record = recordOf(root, ref);
      const time = load<f64>(times + i * timeStride);
      if (record == 0) verdict = 4;
      else if (time < minValid) verdict = 3;
      else {
        const last = load<f64>(record, LAST_TIME);
        if (time > last) kept = 1;
        else if (time < last) verdict = 2;
        else if (load<u8>(record, ENCODING) > 1) verdict = 1;
        else if (load<u64>(record, LAST_VALUE) != load<u64>(values + (i << 3))) verdict = 1;
      }
      refused += <u32>(verdict != 0);
    }
    store<u8>(results + i, verdict);
    store<u8>(keep + i, kept);
  }
  return refused;
}

export function headApply(
  root: u32, refs: u32, times: u32, timeStride: u32, values: u32, keep: u32, count: u32, commit: u32,
): i32 {
  let applied: f64 = 0;
  let minTime = load<f64>(root, MIN_TIME);
  let maxTime = load<f64>(root, MAX_TIME);
  let failed: i32 = -1;
  for (let i: u32 = 0; i < count; i++) {
    if (load<u8>(keep + i) == 0) continue;
    const record = recordOf(root, load<u32>(refs + (i << 2)));
    if (record == 0) continue;
    const time = load<f64>(times + i * timeStride);
    if (time <= load<f64>(record, LAST_TIME)) continue;
    stamp(record, commit, time);
    if (!appendOne(root, record, time, load<u64>(values + (i << 3)))) {
      failed = <i32>i;
      break;
    }
    minTime = min(minTime, time);
    maxTime = max(maxTime, time);
    applied += 1;
  }
  store<f64>(root, minTime, MIN_TIME);
  store<f64>(root, maxTime, MAX_TIME);
  store<f64>(root, load<f64>(root, APPENDED) + applied, APPENDED);
  return failed;
}

// Notes the commit and its first time of the series in place of the older of the two stamps.
// @ts-ignore: decorator
@inline
function stamp(record: usize, commit: u32, time: f64): void {
  const a = load<u32>(record, COMMIT_A);
  const b = load<u32>(record, COMMIT_B);
  if (a == commit || b == commit) return;
  if (<i32>(a - b) > 0) {
    atomic.store<u32>(record, <u32><i64>time, START_B);
    atomic.store<u32>(record, commit, COMMIT_B);
  } else {
    atomic.store<u32>(record, <u32><i64>time, START_A);
    atomic.store<u32>(record, commit, COMMIT_A);
  }
}

// Appends one sample that is newer than all of its series. False when the memory is full; then nothing has
// changed.
function appendOne(root: usize, record: usize, time: f64, value: u64): bool {
  let version = load<u32>(record, VERSION);
  let samples = version & 0xffff;
  if (load<u32>(record, CHUNK) != 0 && mustCut(root, record, time, samples)) {
    if (!seal(root, record)) return false;
    version = load<u32>(record, VERSION);
    samples = 0;
  }
  if (!makeRoom(root, record)) return false;
  const base = <usize>load<u32>(record, CHUNK);
  let bit = load<u32>(record, BIT);
  if (samples == 0) bit = putFirst(root, record, base, time, value);
  else {
    const delta = time - load<f64>(record, LAST_TIME);
    bit = samples == 1 ? putUvarint(base, bit, <u64>delta)
      : putDeltaOfDelta(base, bit, <i64>(delta - load<f64>(record, DELTA)));
    store<f64>(record, delta, DELTA);
    bit = putValue(record, base, bit, value);
  }
  store<u32>(record, bit, BIT);
  store<f64>(record, time, LAST_TIME);
  store<u64>(record, value, LAST_VALUE);
  samples++;
  store<u8>(base, <u8>(samples >> 8));
  store<u8>(base, <u8>samples, 1);
  if (samples == load<u32>(root, SAMPLES_PER_CHUNK) >> 2) predictCut(record, time);
  atomic.store<u32>(record, (version & 0xffff0000) | samples, VERSION);
  return true;
}

function mustCut(root: usize, record: usize, time: f64, samples: u32): bool {
  return time >= load<f64>(record, NEXT_CUT) || samples >= load<u32>(root, SAMPLES_PER_CHUNK) << 1
    || load<u32>(record, BIT) > MAX_CHUNK_BYTES << 3 || load<u8>(record, ENCODING) > 1;
}

// A quarter full: moves the cut so that the chunks of this range get about the wanted number of samples each.
function predictCut(record: usize, time: f64): void {
  const start = load<f64>(record, OPEN_MIN);
  const end = load<f64>(record, NEXT_CUT);
  const parts = (end - start) / ((time - start + 1) * 4);
  if (parts > 1) store<f64>(record, start + floor((end - start) / floor(parts)), NEXT_CUT);
}

// First sample of a chunk: two bytes for the count, time as varint, value in full.
function putFirst(root: usize, record: usize, base: usize, time: f64, value: u64): u32 {
  const range = load<f64>(root, CHUNK_RANGE);
  store<f64>(record, time, OPEN_MIN);
  store<f64>(record, floor(time / range) * range + range, NEXT_CUT);
  store<u8>(record, NO_WINDOW, LEADING);
  store<f64>(record, 0, DELTA);
  const zigzag = (<i64>time << 1) ^ (<i64>time >> 63);
  const bit = putUvarint(base, 16, <u64>zigzag);
  return putBits(base, bit, value, 64);
}

export function headSeal(root: u32, record: u32): u32 {
  return <u32>seal(root, record);
}

// The open chunk becomes an immutable one in a block of its exact size, linked before the older ones.
function seal(root: usize, record: usize): bool {
  const slab = load<u32>(root, SLAB);
  const open = load<u32>(record, CHUNK);
  const bytes = (load<u32>(record, BIT) + 7) >> 3;
  const version = load<u32>(record, VERSION);
  const block = slabAllocate(slab, CHUNK_HEADER + bytes);
  if (block == 0) return false;
  store<u32>(block, load<u32>(record, SEALED));
  store<u32>(block, bytes, 4);
  store<f64>(block, load<f64>(record, OPEN_MIN), 8);
  store<f64>(block, load<f64>(record, LAST_TIME), 16);
  store<u16>(block, <u16>version, 24);
  store<u8>(block, max<u8>(1, load<u8>(record, ENCODING)), 26);
  memory.copy(block + CHUNK_HEADER, open, bytes);
  // Odd sequence: readers wait until the two pointers agree.
  atomic.store<u32>(record, version + 0x10000, VERSION);
  atomic.store<u32>(record, block, SEALED);
  atomic.store<u32>(record, 0, CHUNK);
  store<u8>(record, 0, ENCODING);
  atomic.store<u32>(record, (version & 0xffff0000) + 0x20000, VERSION);
  slabRetire(slab, open, <u32>load<u16>(record, CAPACITY) << 4);
  return true;
}

// Makes the open chunk's buffer hold at least one more sample of any size, moving it if need be.
function makeRoom(root: usize, record: usize): bool {
  const slab = load<u32>(root, SLAB);
  const open = load<u32>(record, CHUNK);
  if (open == 0) {
    const fresh = slabAllocate(slab, FIRST_CAPACITY);
    if (fresh == 0) return false;
    store<u16>(record, <u16>(FIRST_CAPACITY >> 4), CAPACITY);
    store<u32>(record, 16, BIT);
    atomic.store<u32>(record, fresh, CHUNK);
    store<u32>(root, load<u32>(root, CHUNK_COUNT) + 1, CHUNK_COUNT);
    store<f64>(root, load<f64>(root, CHUNKS_CREATED) + 1, CHUNKS_CREATED);
    return true;
  }
  const capacity = <u32>load<u16>(record, CAPACITY) << 4;
  const used = (load<u32>(record, BIT) + 7) >> 3;
  if (used + HEADROOM <= capacity) return true;
  const wanted = capacity * 2 + 64;
  const larger = slabAllocate(slab, wanted);
  if (larger == 0) return false;
  memory.copy(larger, open, used);
  store<u16>(record, <u16>(wanted >> 4), CAPACITY);
  atomic.store<u32>(record, larger, CHUNK);
  slabRetire(slab, open, capacity);
  return true;
}

export function headDropOpen(root: u32, record: u32): void {
  const open = load<u32>(record, CHUNK);
  if (open != 0) slabFree(load<u32>(root, SLAB), open, <u32>load<u16>(record, CAPACITY) << 4);
  store<u32>(record, 0, CHUNK);
}

// ---- bits: big-endian, appended to zeroed memory ----

// @ts-ignore: decorator
@inline
function putBits(base: usize, bit: u32, value: u64, count: u32): u32 {
  const p = base + (bit >> 3);
  const room = <i32>(64 - (bit & 7)) - <i32>count;
  const masked = count == 64 ? value : value & ((<u64>1 << <u64>count) - 1);
  const word = load<u64>(p);
  if (room >= 0) store<u64>(p, word | bswap<u64>(masked << <u64>room));
  else {
    store<u64>(p, word | bswap<u64>(masked >> <u64>(-room)));
    store<u8>(p, <u8>(masked << <u64>(8 + room)), 8);
  }
  return bit + count;
}

function putUvarint(base: usize, bit: u32, value: u64): u32 {
  while (value >= 0x80) {
    bit = putBits(base, bit, (value & 0x7f) | 0x80, 8);
    value >>= 7;
  }
  return putBits(base, bit, value, 8);
}

function putDeltaOfDelta(base: usize, bit: u32, value: i64): u32 {
  if (value == 0) return bit + 1;
  if (value >= -8191 && value <= 8192) return putBits(base, bit, (<u64>2 << 14) | (<u64>value & 0x3fff), 16);
  if (value >= -65535 && value <= 65536) {
    return putBits(base, bit, (<u64>6 << 17) | (<u64>value & 0x1ffff), 20);
  }
  if (value >= -524287 && value <= 524288) {
    return putBits(base, bit, (<u64>14 << 20) | (<u64>value & 0xfffff), 24);
  }
  return putBits(base, putBits(base, bit, 15, 4), <u64>value, 64);
}

function putValue(record: usize, base: usize, bit: u32, value: u64): u32 {
  const change = value ^ load<u64>(record, LAST_VALUE);
  if (change == 0) return bit + 1;
  const leading = min<u32>(<u32>clz<u64>(change), 31);
  const trailing = <u32>ctz<u64>(change);
  const windowLeading = <u32>load<u8>(record, LEADING);
  const windowTrailing = <u32>load<u8>(record, TRAILING);
  if (windowLeading != NO_WINDOW && leading >= windowLeading && trailing >= windowTrailing) {
    bit = putBits(base, bit, 2, 2);
    return putBits(base, bit, change >> <u64>windowTrailing, 64 - windowLeading - windowTrailing);
  }
  store<u8>(record, <u8>leading, LEADING);
  store<u8>(record, <u8>trailing, TRAILING);
  const significant = 64 - leading - trailing;
  bit = putBits(base, bit, (<u64>3 << 11) | (<u64>leading << 6) | <u64>(significant & 63), 13);
  return putBits(base, bit, change >> <u64>trailing, significant);
}
