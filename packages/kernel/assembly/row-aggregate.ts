// Kernel `row-aggregate`: adds one row to the row of its group. Interface: ../row-aggregate.ts.
//
// A group's `seen` bitmap says which of its steps hold a value already. Full words of 32 steps take the
// wide path.

const FULL: u32 = 0xffffffff;

// @ts-ignore: decorator
@inline
function addAt(value: f64, sumAt: usize, lostAt: usize): void {
  const sum = load<f64>(sumAt);
  const total = sum + value;
  if (abs(total) > f64.MAX_VALUE) store<f64>(lostAt, 0);
  else {
    const lost = abs(sum) >= abs(value) ? (sum - total) + value : (value - total) + sum;
    store<f64>(lostAt, load<f64>(lostAt) + lost);
  }
  store<f64>(sumAt, total);
}

// 32 steps at once: Neumaier's sum in both lanes.
function addFull(values: usize, sums: usize, lost: usize): void {
  const largest = f64x2.splat(f64.MAX_VALUE);
  for (let i: usize = 0; i < 256; i += 16) {
    const value = v128.load(values + i);
    const sum = v128.load(sums + i);
    const total = f64x2.add(sum, value);
    const sumFirst = f64x2.add(f64x2.sub(sum, total), value);
    const valueFirst = f64x2.add(f64x2.sub(value, total), sum);
    const bySum = f64x2.ge(f64x2.abs(sum), f64x2.abs(value));
    const more = f64x2.add(v128.load(lost + i), v128.bitselect(sumFirst, valueFirst, bySum));
    const infinite = f64x2.gt(f64x2.abs(total), largest);
    v128.store(lost + i, v128.andnot(more, infinite));
    v128.store(sums + i, total);
  }
}

export function rowAdd(
  values: usize, presence: usize, steps: u32, sums: usize, lost: usize, seen: usize,
): void {
  const words = (steps + 31) >> 5;
  for (let w: u32 = 0; w < words; w++, values += 256, sums += 256, lost += 256) {
    let bits = load<u32>(presence + (<usize>w << 2));
    if (bits == 0) continue;
    const before = load<u32>(seen + (<usize>w << 2));
    store<u32>(seen + (<usize>w << 2), before | bits);
    if ((bits & before) == FULL) {
      addFull(values, sums, lost);
      continue;
    }
    while (bits != 0) {
      const bit = ctz(bits);
      bits &= bits - 1;
      const at = <usize>bit << 3;
      if (((before >> bit) & 1) != 0) addAt(load<f64>(values + at), sums + at, lost + at);
      else {
        store<f64>(sums + at, load<f64>(values + at));
        store<f64>(lost + at, 0);
      }
    }
  }
}

export function rowSumFinish(sums: usize, lost: usize, steps: u32): void {
  for (let s: u32 = 0; s < steps; s++, sums += 8, lost += 8) {
    store<f64>(sums, load<f64>(sums) + load<f64>(lost));
  }
}

// @ts-ignore: decorator
@inline
function meanAt(value: f64, meansAt: usize, lostAt: usize, countsAt: usize): void {
  let counted = load<f64>(countsAt); // negative: the mean is kept, not the sum
  if (counted > 0) {
    const sum = load<f64>(meansAt);
    const total = sum + value;
    if (!(abs(total) > f64.MAX_VALUE)) {
      addAt(value, meansAt, lostAt);
      store<f64>(countsAt, counted + 1);
      return;
    }
    store<f64>(meansAt, sum / counted);
    store<f64>(lostAt, load<f64>(lostAt) / counted);
    counted = -counted;
  }
  const count = 1 - counted;
  const share = (count - 1) / count;
  store<f64>(meansAt, share * load<f64>(meansAt));
  store<f64>(lostAt, share * load<f64>(lostAt));
  addAt(value / count, meansAt, lostAt);
  store<f64>(countsAt, -count);
}

export function rowMean(
  values: usize, presence: usize, steps: u32, means: usize, lost: usize, counts: usize, seen: usize,
): void {
  const words = (steps + 31) >> 5;
  for (let w: u32 = 0; w < words; w++, values += 256, means += 256, lost += 256, counts += 256) {
    let bits = load<u32>(presence + (<usize>w << 2));
    const before = load<u32>(seen + (<usize>w << 2));
    store<u32>(seen + (<usize>w << 2), before | bits);
    while (bits != 0) {
      const bit = ctz(bits);
      bits &= bits - 1;
      const at = <usize>bit << 3;
      if (((before >> bit) & 1) != 0) meanAt(load<f64>(values + at), means + at, lost + at, counts + at);
      else {
        store<f64>(means + at, load<f64>(values + at));
        store<f64>(lost + at, 0);
        store<f64>(counts + at, 1);
      }
    }
  }
}

export function rowMeanFinish(means: usize, lost: usize, counts: usize, steps: u32): void {
  for (let s: u32 = 0; s < steps; s++, means += 8, lost += 8, counts += 8) {
    const count = load<f64>(counts);
    if (count < 0) store<f64>(means, load<f64>(means) + load<f64>(lost));
    else store<f64>(means, load<f64>(means) / count + load<f64>(lost) / count);
  }
}

// Largest (sign 1) or smallest (sign -1); a NaN gives way to anything.
export function rowExtreme(
  values: usize, presence: usize, steps: u32, sign: f64, extremes: usize, seen: usize,
): void {
  const words = (steps + 31) >> 5;
  for (let w: u32 = 0; w < words; w++, values += 256, extremes += 256) {
    let bits = load<u32>(presence + (<usize>w << 2));
    const before = load<u32>(seen + (<usize>w << 2));
    store<u32>(seen + (<usize>w << 2), before | bits);
    while (bits != 0) {
      const bit = ctz(bits);
      bits &= bits - 1;
      const at = <usize>bit << 3;
      const value = load<f64>(values + at);
      const best = load<f64>(extremes + at);
      if (((before >> bit) & 1) == 0 || best != best || sign * best < sign * value) {
        store<f64>(extremes + at, value);
      }
    }
  }
}

export function rowCount(presence: usize, steps: u32, counts: usize, seen: usize): void {
  const words = (steps + 31) >> 5;
  for (let w: u32 = 0; w < words; w++, counts += 256) {
    let bits = load<u32>(presence + (<usize>w << 2));
    const before = load<u32>(seen + (<usize>w << 2));
    store<u32>(seen + (<usize>w << 2), before | bits);
    while (bits != 0) {
      const bit = ctz(bits);
      bits &= bits - 1;
      const at = counts + (<usize>bit << 3);
      store<f64>(at, ((before >> bit) & 1) != 0 ? load<f64>(at) + 1 : 1);
    }
  }
}
