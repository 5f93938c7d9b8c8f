// Kernel `extended-windows`: rate, increase and delta over anchored and smoothed windows, and smoothed
// selectors, for all steps of one series. Interface: ../extended-windows.ts.
//
// All cursors only move forward. Resets are listed once; a window walks over those inside it, so results are
// added up in the definition's order and equal it to the last bit.

import { endWords, passWord } from "./windows";

const SMOOTHED: u32 = 1;
const COUNTER: u32 = 2;

// @ts-ignore: decorator
@inline
function at(column: usize, i: u32): f64 {
  return load<f64>(column + (<usize>i << 3));
}

// The value at `time` between samples i and i + 1.
// @ts-ignore: decorator
@inline
function interpolate(times: usize, values: usize, i: u32, time: f64, isCounter: bool): f64 {
  const to = at(values, i + 1);
  let from = at(values, i);
  if (isCounter && to < from) from = 0;
  const before = at(times, i);
  return from + ((to - from) * (time - before)) / (at(times, i + 1) - before);
}

// Indexes of the samples that are below their predecessor.
function listFalls(values: usize, count: u32, falls: usize): u32 {
  let found: u32 = 0;
  for (let i: u32 = 1; i < count; i++) {
    if (!(at(values, i) < at(values, i - 1))) continue;
    store<u32>(falls + (<usize>found << 2), i);
    found++;
  }
  return found;
}

// What a counter lost from `left` over samples first … last to `right`; `fall` is the first listed fall after
// `first`.
function lost(
  values: usize, first: u32, last: u32, left: f64, right: f64, falls: usize, fall: u32, fallCount: u32,
): f64 {
  let sum: f64 = 0;
  let previous = left;
  if (<i32>first <= <i32>last) {
    if (at(values, first) < left) sum += left;
    for (; fall < fallCount; fall++) {
      const i = load<u32>(falls + (<usize>fall << 2));
      if (i > last) break;
      sum += at(values, i - 1);
    }
    previous = at(values, last);
  }
  return right < previous ? sum + previous : sum;
}

export function extendedRow(
  times: usize, values: usize, count: u32, bounds: usize, firstEnd: f64, step: f64, steps: u32, range: f64,
  flags: u32, perSeconds: f64, falls: usize, out: usize, presence: usize,
): u32 {
  const smoothed = (flags & SMOOTHED) != 0;
  const isCounter = (flags & COUNTER) != 0;
  const fallCount = isCounter ? listFalls(values, count, falls) : 0;
  let start: u32 = 0; // the first sample behind the window's start, or the last of all
  let stop: u32 = 0; // smoothed: the first at or behind its end, or the last of all
  let fall: u32 = 0;
  let present: u32 = 0;
  let word: u32 = 0;
  for (let s: u32 = 0; s < steps; s++, bounds += 8, out += 8) {
    const low = load<u32>(bounds);
    const high = load<u32>(bounds, 4);
    if (low < high) {
      const end = firstEnd + <f64>s * step;
      const begin = end - range;
      start = max(start, low);
      while (start < high - 1 && at(times, start) <= begin) start++;
      let first = start > low ? start - 1 : low;
      let last = high - 1;
      if (smoothed) {
        stop = max(stop, low);
        while (stop < last && at(times, stop) < end) stop++;
        last = stop;
      }
      if (at(times, last) > begin && !(smoothed && at(times, first) > end)) {
        const isLeft = smoothed && at(times, first) < begin;
        const isRight = smoothed && last > low && at(times, last) > end;
        const left = isLeft ? interpolate(times, values, first, begin, isCounter) : at(values, first);
        const right = isRight ? interpolate(times, values, last - 1, end, isCounter) : at(values, last);
        let change = right - left;
        if (isCounter) {
          if (at(times, first) <= begin) first++;
          if (at(times, last) >= end) last--;
          while (fall < fallCount && load<u32>(falls + (<usize>fall << 2)) <= first) fall++;
          change += lost(values, first, last, left, right, falls, fall, fallCount);
        }
        store<f64>(out, change / perSeconds);
        word |= <u32>1 << (s & 31);
        present++;
      }
    }
    word = passWord(presence, s, word);
  }
  endWords(presence, steps, word);
  return present;
}

export function smoothedRow(
  times: usize, values: usize, bounds: usize, firstTime: f64, step: f64, steps: u32, out: usize,
  presence: usize,
): u32 {
  let next: u32 = 0;
  let present: u32 = 0;
  let word: u32 = 0;
  for (let s: u32 = 0; s < steps; s++, bounds += 8, out += 8) {
    const low = load<u32>(bounds);
    const high = load<u32>(bounds, 4);
    const time = firstTime + <f64>s * step;
    next = max(next, low);
    while (next < high && at(times, next) < time) next++;
    const isExact = next < high && at(times, next) == time;
    if (isExact || next > low) {
      let value: f64;
      if (isExact) value = at(values, next);
      else if (next < high) value = interpolate(times, values, next - 1, time, false);
      else value = at(values, next - 1);
      store<f64>(out, value);
      word |= <u32>1 << (s & 31);
      present++;
    }
    word = passWord(presence, s, word);
  }
  endWords(presence, steps, word);
  return present;
}
