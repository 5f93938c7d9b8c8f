// Kernel `page-diff`: walks a page beside the key bytes of an earlier one. Interface: ../page-diff.ts.

import { numberParse, shortWholeEnd, shortWholeValue } from "./number-parse";

const OPAQUE: u32 = 0x80000000;
const LENGTH: u32 = 0x0fffffff;
const NO_TIME: u64 = 0x7ff8000000000000;
const LARGEST_TIME: f64 = 9007199254740992;

// Walks as far as lines equal the template's; leaves line, page and sample where it stopped.
export function pageDiff(job: usize): void {
  const keys = load<u32>(job);
  const lines = load<u32>(job, 12);
  const end = load<u32>(job, 20);
  const values: usize = load<u32>(job, 28);
  const times: usize = load<u32>(job, 32);
  const room = load<u32>(job, 44);
  const powers: usize = load<u32>(job, 52);
  let line = load<u32>(job, 8);
  let page: usize = load<u32>(job, 16);
  let sample = load<u32>(job, 24);
  let entry: usize = load<u32>(job, 4) + (line << 3);
  while (line < lines) {
    const word = load<u32>(entry, 4);
    const length = word & LENGTH;
    const behind = page + length;
    if (word & OPAQUE) {
      // The line feed behind the page may stand for one that the page lacks.
      if (behind > end + 1 || !equalBytes(keys + load<u32>(entry), page, length)) break;
      page = behind;
    } else {
      if (behind >= end || !equalBytes(keys + load<u32>(entry), page, length)) break;
      const value = values + (<usize>sample << 3);
      let next = shortWholeEnd(behind);
      if (next != 0 && load<u8>(next) == 10) store<f64>(value, shortWholeValue(behind, next));
      else next = numberParse(behind, powers, value);
      if (next != 0 && load<u8>(next) == 10) {
        if (times != 0) store<u64>(times + (<usize>sample << 3), NO_TIME);
        next++;
      } else {
        if (next != 0) next = times == 0 ? 0 : timeParse(job, next, times + (<usize>sample << 3));
        if (next == 0) {
          if (load<u32>(job, 40) >= room) break;
          next = noteSlow(job, sample, page, behind);
        }
      }
      page = next;
      sample++;
    }
    line++;
    entry += 8;
  }
  store<u32>(job, line, 8);
  store<u32>(job, <u32>page, 16);
  store<u32>(job, sample, 24);
}

// @ts-ignore
@inline
function differ(a: usize, b: usize): v128 {
  return v128.xor(v128.load(a), v128.load(b));
}

// @ts-ignore
@inline
function equalBytes(a: usize, b: usize, length: u32): bool {
  while (length > 64) {
    const first = v128.or(differ(a, b), differ(a + 16, b + 16));
    const second = v128.or(differ(a + 32, b + 32), differ(a + 48, b + 48));
    if (v128.any_true(v128.or(first, second))) return false;
    a += 64;
    b += 64;
    length -= 64;
  }
  while (length > 16) {
    if (v128.any_true(differ(a, b))) return false;
    a += 16;
    b += 16;
    length -= 16;
  }
  const same = i8x16.bitmask(i8x16.eq(v128.load(a), v128.load(b)));
  const wanted = (1 << length) - 1;
  return (same & wanted) == wanted;
}

// The time behind a value whose end is `p`; returns the start of the next line, 0 when the definition must
// look.
function timeParse(job: usize, p: usize, out: usize): usize {
  if (load<u8>(p) != 32) return 0;
  p++;
  if (load<u32>(job, 48) == 0) {
    const start = p;
    let time: u64 = 0;
    let c = load<u8>(p);
    while (<u32>(c - 48) < 10) {
      time = time * 10 + <u64>(c - 48);
      c = load<u8>(++p);
    }
    if (c != 10 || p == start || p - start > 15) return 0;
    store<f64>(out, <f64>time);
    return p + 1;
  }
  p = numberParse(p, load<u32>(job, 52), out);
  if (p == 0 || load<u8>(p) != 10) return 0;
  const time = trunc<f64>(load<f64>(out) * 1000) + 0;
  if (!(abs<f64>(time) <= LARGEST_TIME)) return 0;
  store<f64>(out, time);
  return p + 1;
}

// Lists a sample line for the definition; returns the start of the next line.
function noteSlow(job: usize, sample: u32, line: usize, value: usize): usize {
  const count = load<u32>(job, 40);
  const note: usize = load<u32>(job, 36) + (count << 4);
  const next = lineEnd(value);
  store<u32>(note, sample);
  store<u32>(note, <u32>line, 4);
  store<u32>(note, <u32>value, 8);
  store<u32>(note, <u32>next, 12);
  store<u32>(job, count + 1, 40);
  return next;
}

// Behind the next line feed.
function lineEnd(p: usize): usize {
  const feed = i8x16.splat(10);
  while (true) {
    const mask = i8x16.bitmask(i8x16.eq(v128.load(p), feed));
    if (mask) return p + ctz<i32>(mask) + 1;
    p += 16;
  }
}

// How many line feeds lie in [page, end).
export function pageLineFeeds(page: u32, end: u32): u32 {
  let p: usize = page;
  let count: u32 = 0;
  const feed = i8x16.splat(10);
  while (p + 16 <= end) {
    count += popcnt<u32>(i8x16.bitmask(i8x16.eq(v128.load(p), feed)));
    p += 16;
  }
  while (p < end) count += <u32>(load<u8>(p++) == 10);
  return count;
}

function hashBytes(p: usize, length: u32): u64 {
  let hash: u64 = 0x9e3779b97f4a7c15 ^ <u64>length;
  const end = p + length;
  while (p + 8 <= end) {
    hash = (hash ^ load<u64>(p)) * 0x9fb21c651e98df25;
    hash ^= hash >> 32;
    p += 8;
  }
  if (p < end) {
    const rest = load<u64>(p) & ((<u64>1 << (<u64>(end - p) << 3)) - 1);
    hash = (hash ^ rest) * 0x9fb21c651e98df25;
    hash ^= hash >> 32;
  }
  hash *= 0xd6e8feb86659fd93;
  return hash ^ (hash >> 29);
}

// Fills the job's zeroed table with the template's lines, and `ordinals` with the sample number of every
// line.
export function pageTable(job: usize, ordinals: usize): void {
  const keys = load<u32>(job);
  const index: usize = load<u32>(job, 4);
  const lines = load<u32>(job, 12);
  const table: usize = load<u32>(job, 56);
  const mask = load<u32>(job, 60);
  let sample: u32 = 0;
  for (let line: u32 = 0; line < lines; line++) {
    const entry = index + (<usize>line << 3);
    const word = load<u32>(entry, 4);
    store<u32>(ordinals + (<usize>line << 2), sample);
    sample += <u32>((word & OPAQUE) == 0);
    let slot = <u32>hashBytes(keys + load<u32>(entry), word & LENGTH) & mask;
    while (load<u32>(table + (<usize>slot << 2)) != 0) slot = (slot + 1) & mask;
    store<u32>(table + (<usize>slot << 2), line + 1, 0);
  }
}

// The first template line whose key bytes stand at the job's page position, plus 1; 0 when there is none.
export function pageFind(job: usize): u32 {
  const page: usize = load<u32>(job, 16);
  const length = keyLength(page, load<u32>(job, 20));
  if (length == 0) return 0;
  const keys = load<u32>(job);
  const index: usize = load<u32>(job, 4);
  const table: usize = load<u32>(job, 56);
  const mask = load<u32>(job, 60);
  let slot = <u32>hashBytes(page, length) & mask;
  while (true) {
    const found = load<u32>(table + (<usize>slot << 2));
    if (found == 0) return 0;
    const entry = index + (<usize>(found - 1) << 3);
    const isAsLong = (load<u32>(entry, 4) & LENGTH) == length;
    if (isAsLong && equalBytes(keys + load<u32>(entry), page, length)) return found;
    slot = (slot + 1) & mask;
  }
}

// Length of the key at `page`, or of the whole comment line; 0 when the line is not of a plain shape. A line
// feed stands at `end`.
function keyLength(page: usize, end: usize): u32 {
  let p = page;
  let c = load<u8>(p);
  if (c == 35) return <u32>(lineEnd(p) - page);
  while (c != 123 && c != 32 && c != 9 && c != 10) c = load<u8>(++p);
  while (c == 32 || c == 9) c = load<u8>(++p);
  if (c == 123) {
    p = bracesEnd(p, end);
    if (p == 0) return 0;
    c = load<u8>(p);
    while (c == 32 || c == 9) c = load<u8>(++p);
  }
  return c == 10 ? 0 : <u32>(p - page);
}

// Behind the brace that closes the one at `p`; 0 when there is none.
function bracesEnd(p: usize, end: usize): usize {
  let quoted = false;
  while (++p < end) {
    const c = load<u8>(p);
    if (c == 34) quoted = !quoted;
    else if (quoted) p += <usize>(c == 92);
    else if (c == 125) return p + 1;
    else if (c == 10) return 0;
  }
  return 0;
}

// Copies the bytes of `lines` sources {address, length and flags} to `keys`, and writes their index; returns
// the end.
export function pageCompact(sources: usize, lines: u32, keys: usize, index: usize): u32 {
  let offset: u32 = 0;
  for (let line: u32 = 0; line < lines; line++) {
    const word = load<u32>(sources, 4);
    const length = word & LENGTH;
    memory.copy(keys + offset, load<u32>(sources), length);
    store<u32>(index, offset);
    store<u32>(index, word, 4);
    offset += length;
    sources += 8;
    index += 8;
  }
  return offset;
}
