// Kernel `head-snapshot`: what a query may see of the head's series, and their label ids. Interface:
// ../head-snapshot.ts, definition: packages/tsdb/head-snapshot.ts. Offsets: packages/tsdb/head-layout.ts.

const DIRECTORY: usize = 4;
const SEGMENT_SHIFT: u32 = 12;
const SERIES: usize = 96;
const LAST_TIME: usize = 0;
const LAST_VALUE: usize = 8;
const OPEN_MIN: usize = 24;
const CHUNK: usize = 32;
const ENCODING: usize = 46;
const VERSION: usize = 48;
const SEALED: usize = 52;
const LABELS: usize = 56;
const LABEL_IDS: usize = 60;
const COMMIT_A: usize = 68;
const START_A: usize = 72;
const COMMIT_B: usize = 76;
const REF: usize = 88;
const START_B: usize = 92;
const CHUNK_MIN: usize = 8;

// A row of the snapshot.
const ROW: usize = 48;
const VISIBLE: usize = 0;
const VALUE: usize = 8;
const RECORD: usize = 16;
const OPEN: usize = 20;
const ROW_SEALED: usize = 24;
const OPEN_SAMPLES: usize = 28;
const LABEL_END: usize = 32;
const IS_NEWEST: usize = 36;
const ROW_ENCODING: usize = 40;

const XOR: u32 = 1;

const PENDING: u32 = 0xffffffff;

// @ts-ignore: decorator
@inline
function isLater(a: u32, b: u32): bool {
  return <i32>(a - b) > 0;
}

// Copies the chunk pointers, all of one moment; returns the open chunk's first time.
function copyChunks(record: usize, row: usize): f64 {
  while (true) {
    const before = atomic.load<u32>(record, VERSION);
    store<u32>(row, atomic.load<u32>(record, CHUNK), OPEN);
    store<u32>(row, atomic.load<u32>(record, SEALED), ROW_SEALED);
    const openMin = load<f64>(record, OPEN_MIN);
    store<u32>(row, max<u32>(XOR, load<u8>(record, ENCODING)), ROW_ENCODING);
    const after = atomic.load<u32>(record, VERSION);
    // Sealing is under way, or happened in between.
    if ((before & 0x10000) != 0 || before >> 16 != after >> 16) continue;
    store<u32>(row, before & 0xffff, OPEN_SAMPLES);
    return openMin;
  }
}

// The time up to which commits until `commit` have filled the series, NaN when that cannot be told. Notes the
// newest value when it is that of this time.
function visibleTime(record: usize, commit: u32, row: usize): f64 {
  store<u32>(row, 0, IS_NEWEST);
  while (true) {
    const a = atomic.load<u32>(record, COMMIT_A);
    const b = atomic.load<u32>(record, COMMIT_B);
    const laterA = isLater(a, commit);
    const laterB = isLater(b, commit);
    if (laterA && laterB) return NaN;
    const start = atomic.load<u32>(record + (laterA ? START_A : START_B));
    const last = load<f64>(record, LAST_TIME);
    if (!laterA && !laterB) {
      store<u64>(row, load<u64>(record, LAST_VALUE), VALUE);
      // Unless a commit has begun meanwhile, time and value belong together.
      const same = atomic.load<u32>(record, COMMIT_A) == a && atomic.load<u32>(record, COMMIT_B) == b;
      const isPlain = load<u32>(row, ROW_ENCODING) == XOR && load<u32>(row, OPEN) != 0;
      store<u32>(row, <u32>(same && isPlain), IS_NEWEST);
      return last;
    }
    if (atomic.load<u32>(record, COMMIT_A) != a || atomic.load<u32>(record, COMMIT_B) != b) continue;
    const ahead = <i32>(start - <u32><i64>last);
    return ahead > 0 ? last : last + <f64>ahead - 1;
  }
}

// @ts-ignore: decorator
@inline
function startsBy(row: usize, openMin: f64, time: f64): bool {
  if (load<u32>(row, OPEN_SAMPLES) > 0 && openMin <= time) return true;
  let block = <usize>load<u32>(row, ROW_SEALED);
  while (block != 0 && load<f64>(block, CHUNK_MIN) > time) block = <usize>atomic.load<u32>(block);
  return block != 0;
}

// 1: the row is filled · 0: nothing within the times · -1: cannot be told.
function snapshot(
  record: usize, commit: u32, from: f64, to: f64, lenient: u32, row: usize,
): i32 {
  const openMin = copyChunks(record, row);
  let visible = visibleTime(record, commit, row);
  if (visible != visible) {
    if (lenient == 0) return -1;
    visible = load<f64>(record, LAST_TIME);
  }
  const upTo = min<f64>(visible, to);
  if (visible < from || !startsBy(row, openMin, upTo)) return 0;
  if (upTo != visible) store<u32>(row, 0, IS_NEWEST);
  store<f64>(row, upTo, VISIBLE);
  store<u32>(row, <u32>record, RECORD);
  return 1;
}

export function headSnapshot(
  root: usize, runs: usize, runCount: u32, limit: u32, commit: u32, from: f64, to: f64, lenient: u32,
  rows: usize,
): i32 {
  const directory = <usize>load<u32>(root, DIRECTORY);
  let count: u32 = 0;
  let labels: u32 = 0;
  for (let r: u32 = 0; r < runCount; r++, runs += 8) {
    const end = load<u32>(runs, 4);
    for (let ref = load<u32>(runs); ref < end && count < limit; ref++) {
      const segment = <usize>load<u32>(directory + (<usize>(ref >> SEGMENT_SHIFT) << 2));
      if (segment == 0) continue;
      const record = segment + <usize>(ref & ((1 << SEGMENT_SHIFT) - 1)) * SERIES;
      if (load<u32>(record, REF) != ref) continue;
      const state = snapshot(record, commit, from, to, lenient, rows);
      if (state < 0) return -1;
      if (state == 0) continue;
      labels += load<u32>(record, LABEL_IDS);
      store<u32>(rows, labels, LABEL_END);
      rows += ROW;
      count++;
    }
  }
  return count;
}

export function headLabels(
  rows: usize, count: u32, translation: usize, out: usize, unknown: usize, unknownLimit: u32,
): u32 {
  let missing: u32 = 0;
  let listed: u32 = 0;
  let done: u32 = 0;
  for (let i: u32 = 0; i < count; i++, rows += ROW) {
    const end = load<u32>(rows, LABEL_END);
    let from = <usize>load<u32>(<usize>load<u32>(rows, RECORD), LABELS);
    for (; done < end; done++, from += 4, out += 4) {
      const id = load<u32>(from);
      const at = translation + (<usize>id << 2);
      const known = load<u32>(at);
      if (known != 0 && known != PENDING) {
        store<u32>(out, known - 1);
        continue;
      }
      missing++;
      if (known == PENDING || listed == unknownLimit) continue;
      store<u32>(at, PENDING);
      store<u32>(unknown + (<usize>listed << 2), id);
      listed++;
    }
  }
  // How many are listed; all ids of `out` stand when it is none.
  return missing == 0 ? 0 : listed;
}
