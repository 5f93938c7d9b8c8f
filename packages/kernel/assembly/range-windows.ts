// Kernel `range-windows`: samples of one series onto the steps of a query. Interface: ../range-windows.ts.
//
// Window of step s: (end - range, end] with end = firstEnd + s × step, as sample indexes [low, high) in
// `bounds` (two u32 per step). Both only move forward, so all steps together cost one walk over the
// samples.

import { endWords, passWord, roundedOff } from "./windows";

const TERM: usize = 32; // bytes per step: sampled s · to start s · to end s · factor
const RESET: usize = 24; // bytes per reset: index u32 (8) · prefix of what was lost, as high + low float64

export function windowBounds(
  times: usize, count: u32, firstEnd: f64, step: f64, steps: u32, range: f64, bounds: usize,
): u32 {
  let low: u32 = 0;
  let high: u32 = 0;
  let filled: u32 = 0;
  for (let s: u32 = 0; s < steps; s++) {
    const end = firstEnd + <f64>s * step;
    const start = end - range;
    while (high < count && load<f64>(times + (<usize>high << 3)) <= end) high++;
    while (low < high && load<f64>(times + (<usize>low << 3)) <= start) low++;
    store<u32>(bounds, low);
    store<u32>(bounds, high, 4);
    if (high > low) filled++;
    bounds += 8;
  }
  return filled;
}

// What extrapolation needs of the times alone; with equal times it is computed once for many series.
export function rateTerms(
  times: usize, bounds: usize, firstEnd: f64, step: f64, steps: u32, range: f64, perSeconds: f64,
  terms: usize,
): void {
  for (let s: u32 = 0; s < steps; s++, bounds += 8, terms += TERM) {
    const low = load<u32>(bounds);
    const high = load<u32>(bounds, 4);
    if (high < low + 2) continue;
    const end = firstEnd + <f64>s * step;
    const firstTime = load<f64>(times + (<usize>low << 3));
    const lastTime = load<f64>(times + (<usize>(high - 1) << 3));
    let toStart = (firstTime - (end - range)) / 1000;
    let toEnd = (end - lastTime) / 1000;
    const sampled = (lastTime - firstTime) / 1000;
    const average = sampled / <f64>(high - low - 1);
    const threshold = average * 1.1;
    if (toStart >= threshold) toStart = average / 2;
    if (toEnd >= threshold) toEnd = average / 2;
    store<f64>(terms, sampled);
    store<f64>(terms, toStart, 8);
    store<f64>(terms, toEnd, 16);
    store<f64>(terms, (sampled + toStart + toEnd) / sampled / perSeconds, 24);
  }
}

// Whether any sample is below its predecessor.
function hasReset(values: usize, count: u32): bool {
  const end = values + (<usize>count << 3);
  let found = i64x2.splat(0);
  while (values + 24 <= end) {
    found = v128.or(found, f64x2.lt(v128.load(values, 8), v128.load(values)));
    values += 16;
  }
  if (values + 16 <= end && load<f64>(values, 8) < load<f64>(values)) return true;
  return v128.any_true(found);
}

// Lists the samples that are below their predecessor, with the running sum of the predecessors in
// double-double.
export function listResets(values: usize, count: u32, resets: usize): u32 {
  let found: u32 = 0;
  let high: f64 = 0;
  let low: f64 = 0;
  if (count == 0) return 0;
  let previous = load<f64>(values);
  for (let i: u32 = 1; i < count; i++) {
    const value = load<f64>(values + (<usize>i << 3));
    if (value < previous) {
      const sum = high + previous;
      low += roundedOff(high, previous, sum);
      high = sum;
      const at = resets + <usize>found * RESET;
      store<u32>(at, i);
      store<f64>(at, high, 8);
      store<f64>(at, low, 16);
      found++;
    }
    previous = value;
  }
  return found;
}

// @ts-ignore: decorator
@inline
function extrapolated(delta: f64, first: f64, terms: usize, perSeconds: f64): f64 {
  let factor = load<f64>(terms, 24);
  if (delta > 0 && first >= 0) {
    const sampled = load<f64>(terms);
    const toStart = load<f64>(terms, 8);
    // A division only where the zero point may lie inside; the comparison is a little wider than the rule.
    if (!(first * sampled > toStart * delta * 1.000001)) {
      const toZero = sampled * (first / delta);
      if (toZero < toStart) factor = (sampled + toZero + load<f64>(terms, 16)) / sampled / perSeconds;
    }
  }
  return delta * factor;
}

// Whether differences of the running sum are exact to 1e-15 of the smallest loss: false for sums that are
// not finite or 10^15 times as large as that.
function differencesAreExact(values: usize, resets: usize, count: u32): bool {
  let largest: f64 = 0;
  let smallest = f64.MAX_VALUE;
  for (let r: u32 = 0; r < count; r++, resets += RESET) {
    const lost = abs(load<f64>(values + (<usize>(load<u32>(resets) - 1) << 3)));
    largest = max(largest, abs(load<f64>(resets, 8)));
    if (lost != 0) smallest = min(smallest, lost);
  }
  return largest <= f64.MAX_VALUE && largest <= 1e15 * smallest;
}

// What was lost in resets at samples low + 1 … high - 1, the way the definition adds it up.
function lostByScan(delta: f64, values: usize, low: u32, high: u32): f64 {
  for (let i = low + 1; i < high; i++) {
    const previous = load<f64>(values + (<usize>(i - 1) << 3));
    if (load<f64>(values + (<usize>i << 3)) < previous) delta += previous;
  }
  return delta;
}

// counterRow without resets.
function risingRow(
  values: usize, bounds: usize, steps: u32, terms: usize, perSeconds: f64, out: usize, presence: usize,
): u32 {
  let present: u32 = 0;
  for (let from: u32 = 0; from < steps; from += 32) {
    const until = min(from + 32, steps);
    let word: u32 = 0;
    for (let s = from; s < until; s++, bounds += 8, terms += TERM, out += 8) {
      const low = load<u32>(bounds);
      const high = load<u32>(bounds, 4);
      if (high < low + 2) continue;
      const first = load<f64>(values + (<usize>low << 3));
      const delta = load<f64>(values + (<usize>(high - 1) << 3)) - first;
      store<f64>(out, extrapolated(delta, first, terms, perSeconds));
      word |= <u32>1 << (s - from);
    }
    present += popcnt(word);
    store<u32>(presence + (<usize>(from >> 5) << 2), word);
  }
  return present;
}

export function counterRow(
  values: usize, count: u32, bounds: usize, steps: u32, terms: usize, perSeconds: f64, resets: usize,
  out: usize, presence: usize,
): u32 {
  if (!hasReset(values, count)) return risingRow(values, bounds, steps, terms, perSeconds, out, presence);
  const resetCount = listResets(values, count, resets);
  const scan = resetCount != 0 && !differencesAreExact(values, resets, resetCount);
  let from: u32 = 0; // resets before the window
  let until: u32 = 0; // resets up to its end
  let present: u32 = 0;
  let word: u32 = 0;
  for (let s: u32 = 0; s < steps; s++, bounds += 8, terms += TERM, out += 8) {
    const low = load<u32>(bounds);
    const high = load<u32>(bounds, 4);
    if (high >= low + 2) {
      const first = load<f64>(values + (<usize>low << 3));
      let delta = load<f64>(values + (<usize>(high - 1) << 3)) - first;
      if (resetCount != 0) {
        while (until < resetCount && load<u32>(resets + <usize>until * RESET) < high) until++;
        while (from < until && load<u32>(resets + <usize>from * RESET) <= low) from++;
        if (scan) delta = lostByScan(delta, values, low, high);
        else if (until > from) delta += lostBetween(resets, from, until);
      }
      store<f64>(out, extrapolated(delta, first, terms, perSeconds));
      word |= <u32>1 << (s & 31);
      present++;
    }
    word = passWord(presence, s, word);
  }
  endWords(presence, steps, word);
  return present;
}

// @ts-ignore: decorator
@inline
function lostBetween(resets: usize, from: u32, until: u32): f64 {
  const last = resets + <usize>(until - 1) * RESET;
  if (from == 0) return load<f64>(last, 8) + load<f64>(last, 16);
  const before = resets + <usize>(from - 1) * RESET;
  return (load<f64>(last, 8) - load<f64>(before, 8)) + (load<f64>(last, 16) - load<f64>(before, 16));
}

export function deltaRow(
  values: usize, bounds: usize, steps: u32, terms: usize, out: usize, presence: usize,
): u32 {
  let present: u32 = 0;
  let word: u32 = 0;
  for (let s: u32 = 0; s < steps; s++, bounds += 8, terms += TERM, out += 8) {
    const low = load<u32>(bounds);
    const high = load<u32>(bounds, 4);
    if (high >= low + 2) {
      const delta = load<f64>(values + (<usize>(high - 1) << 3)) - load<f64>(values + (<usize>low << 3));
      store<f64>(out, delta * load<f64>(terms, 24));
      word |= <u32>1 << (s & 31);
      present++;
    }
    word = passWord(presence, s, word);
  }
  endWords(presence, steps, word);
  return present;
}

const STALE: u64 = 0x7ff0000000000002;

// The newest sample in (time - lookback, time] of each step: its value, or its time in seconds.
export function selectRow(
  times: usize, values: usize, count: u32, hasStale: u32, firstTime: f64, step: f64, steps: u32,
  lookback: f64,
  asTime: u32, out: usize, presence: usize,
): u32 {
  let next: u32 = 0;
  let present: u32 = 0;
  let word: u32 = 0;
  for (let s: u32 = 0; s < steps; s++, out += 8) {
    const time = firstTime + <f64>s * step;
    while (next < count && load<f64>(times + (<usize>next << 3)) <= time) next++;
    if (next != 0) {
      const at = <usize>(next - 1) << 3;
      const bits = load<u64>(values + at);
      const stale = hasStale != 0 && (bits & ~(<u64>1 << 51)) == STALE;
      if (!stale && load<f64>(times + at) > time - lookback) {
        if (asTime != 0) store<f64>(out, load<f64>(times + at) / 1000);
        else store<u64>(out, bits);
        word |= <u32>1 << (s & 31);
        present++;
      }
    }
    word = passWord(presence, s, word);
  }
  endWords(presence, steps, word);
  return present;
}

export function dropStale(times: usize, values: usize, count: u32, outTimes: usize, outValues: usize): u32 {
  let kept: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const bits = load<u64>(values + (<usize>i << 3));
    if ((bits & ~(<u64>1 << 51)) == STALE) continue;
    store<u64>(outValues + (<usize>kept << 3), bits);
    store<f64>(outTimes + (<usize>kept << 3), load<f64>(times + (<usize>i << 3)));
    kept++;
  }
  return kept;
}

export function sameColumn(a: usize, b: usize, count: u32): u32 {
  const end = a + (<usize>count << 3);
  while (a + 16 <= end) {
    if (v128.any_true(v128.xor(v128.load(a), v128.load(b)))) return 0;
    a += 16;
    b += 16;
  }
  return a < end && load<u64>(a) != load<u64>(b) ? 0 : 1;
}
