// Kernel `over-time`: sums, extremes and edges of windows. Interface: ../over-time.ts.

import { endWords, passWord, roundedOff } from "./windows";

// Running sums in double-double, count + 1 entries of 16 bytes. 0 when differences of them are not exact to
// about 1e-15 of the smallest value: not finite, or 10^15 times as large as that.
export function sumPrefix(values: usize, count: u32, prefix: usize): u32 {
  let high: f64 = 0;
  let low: f64 = 0;
  let largest: f64 = 0;
  let smallest = f64.MAX_VALUE;
  store<f64>(prefix, 0);
  store<f64>(prefix, 0, 8);
  for (let i: u32 = 0; i < count; i++) {
    const value = load<f64>(values + (<usize>i << 3));
    const sum = high + value;
    low += roundedOff(high, value, sum);
    high = sum;
    largest = max(largest, abs(sum));
    if (value != 0) smallest = min(smallest, abs(value));
    prefix += 16;
    store<f64>(prefix, high);
    store<f64>(prefix, low, 8);
  }
  return largest <= f64.MAX_VALUE && largest <= 1e15 * smallest && low == low ? 1 : 0;
}

// @ts-ignore: decorator
@inline
function compensation(sum: f64, value: f64, total: f64): f64 {
  return abs(sum) >= abs(value) ? (sum - total) + value : (value - total) + sum;
}

function sumByScan(values: usize, low: u32, high: u32): f64 {
  let sum: f64 = 0;
  let lost: f64 = 0;
  for (let i = low; i < high; i++) {
    const value = load<f64>(values + (<usize>i << 3));
    const total = sum + value;
    lost = abs(total) > f64.MAX_VALUE ? 0 : lost + compensation(sum, value, total);
    sum = total;
  }
  return abs(sum) > f64.MAX_VALUE ? sum : sum + lost;
}

// The mean, by the sum while that does not overflow, then incrementally.
function meanByScan(values: usize, low: u32, high: u32): f64 {
  let sum = load<f64>(values + (<usize>low << 3));
  let lost: f64 = 0;
  let incremental = false;
  for (let i = low + 1; i < high; i++) {
    let value = load<f64>(values + (<usize>i << 3));
    const count = <f64>(i - low + 1);
    if (!incremental) {
      const total = sum + value;
      if (!(abs(total) > f64.MAX_VALUE)) {
        lost += compensation(sum, value, total);
        sum = total;
        continue;
      }
      incremental = true;
      sum = sum / (count - 1);
      lost = lost / (count - 1);
    }
    const share = (count - 1) / count;
    value = value / count;
    sum = share * sum;
    lost = share * lost;
    const total = sum + value;
    lost = abs(total) > f64.MAX_VALUE ? 0 : lost + compensation(sum, value, total);
    sum = total;
  }
  if (incremental) return sum + lost;
  const count = <f64>(high - low);
  return sum / count + lost / count;
}

// Sum or mean of each window: by the difference of two running sums when they are finite, else by scanning.
export function sumRow(
  values: usize, bounds: usize, steps: u32, prefix: usize, exact: u32, mean: u32, out: usize,
  presence: usize,
): u32 {
  let present: u32 = 0;
  let word: u32 = 0;
  for (let s: u32 = 0; s < steps; s++, bounds += 8, out += 8) {
    const low = load<u32>(bounds);
    const high = load<u32>(bounds, 4);
    if (high > low) {
      let result: f64 = 0;
      if (exact != 0) {
        const a = prefix + (<usize>low << 4);
        const b = prefix + (<usize>high << 4);
        result = (load<f64>(b) - load<f64>(a)) + (load<f64>(b, 8) - load<f64>(a, 8));
        if (mean != 0) result /= <f64>(high - low);
      } else {
        result = mean != 0 ? meanByScan(values, low, high) : sumByScan(values, low, high);
      }
      store<f64>(out, result);
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
function valueAt(values: usize, index: u32): f64 {
  return load<f64>(values + (<usize>index << 3));
}

// Largest (sign 1) or smallest (sign -1) of each window. `queue`: sample indexes whose values descend.
export function extremeRow(
  values: usize, bounds: usize, steps: u32, sign: f64, queue: usize, out: usize, presence: usize,
): u32 {
  let head: u32 = 0;
  let tail: u32 = 0;
  let seen: u32 = 0;
  let present: u32 = 0;
  let word: u32 = 0;
  for (let s: u32 = 0; s < steps; s++, bounds += 8, out += 8) {
    const low = load<u32>(bounds);
    const high = load<u32>(bounds, 4);
    for (let i = max(seen, low); i < high; i++) {
      const value = sign * load<f64>(values + (<usize>i << 3));
      if (value != value) continue;
      while (tail > head && sign * valueAt(values, load<u32>(queue + (<usize>(tail - 1) << 2))) < value) {
        tail--;
      }
      store<u32>(queue + (<usize>tail << 2), i);
      tail++;
    }
    seen = max(seen, high);
    if (high > low) {
      while (head < tail && load<u32>(queue + (<usize>head << 2)) < low) head++;
      const at = head < tail ? load<u32>(queue + (<usize>head << 2)) : low; // none: all are NaN
      store<f64>(out, load<f64>(values + (<usize>at << 3)));
      word |= <u32>1 << (s & 31);
      present++;
    }
    word = passWord(presence, s, word);
  }
  endWords(presence, steps, word);
  return present;
}

// The last value of each window, bit by bit.
export function lastRow(values: usize, bounds: usize, steps: u32, out: usize, presence: usize): u32 {
  let present: u32 = 0;
  for (let first: u32 = 0; first < steps; first += 32) {
    const end = min(first + 32, steps);
    let word: u32 = 0;
    for (let s = first; s < end; s++, bounds += 8, out += 8) {
      const high = load<u32>(bounds, 4);
      const filled = <u32>(high > load<u32>(bounds));
      // An empty window before the first sample would read in front of the column: read its first value
      // instead.
      store<u64>(out, load<u64>(values + (<usize>(high - <u32>(high != 0)) << 3)));
      word |= filled << (s - first);
    }
    present += popcnt(word);
    store<u32>(presence + (<usize>(first >> 5) << 2), word);
  }
  return present;
}

// what: 0 how many · 1 the last · 2 the first · 3 one.
export function edgeRow(
  values: usize, bounds: usize, steps: u32, what: u32, out: usize, presence: usize,
): u32 {
  let present: u32 = 0;
  let word: u32 = 0;
  for (let s: u32 = 0; s < steps; s++, bounds += 8, out += 8) {
    const low = load<u32>(bounds);
    const high = load<u32>(bounds, 4);
    if (high > low) {
      if (what == 0) store<f64>(out, <f64>(high - low));
      else if (what == 1) store<f64>(out, load<f64>(values + (<usize>(high - 1) << 3)));
      else if (what == 2) store<f64>(out, load<f64>(values + (<usize>low << 3)));
      else store<f64>(out, 1);
      word |= <u32>1 << (s & 31);
      present++;
    }
    word = passWord(presence, s, word);
  }
  endWords(presence, steps, word);
  return present;
}
