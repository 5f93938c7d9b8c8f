// Kernel `rows`: arithmetic on rows of float64. Interface: ../rows.ts.

export function rowFill(row: usize, count: u32, value: f64): void {
  const end = row + (<usize>count << 3);
  const pair = f64x2.splat(value);
  while (row + 16 <= end) {
    v128.store(row, pair);
    row += 16;
  }
  if (row < end) store<f64>(row, value);
}

// Arithmetic on every step, present or not: + - * /.
export function rowArithmetic(op: u32, left: usize, right: usize, steps: u32, out: usize): void {
  const end = out + (<usize>steps << 3);
  for (; out < end; out += 16, left += 16, right += 16) {
    const a = v128.load(left);
    const b = v128.load(right);
    if (op == 0) v128.store(out, f64x2.add(a, b));
    else if (op == 1) v128.store(out, f64x2.sub(a, b));
    else if (op == 2) v128.store(out, f64x2.mul(a, b));
    else v128.store(out, f64x2.div(a, b));
  }
}

// @ts-ignore: decorator
@inline
function holds(op: u32, a: f64, b: f64): bool {
  if (op == 0) return a == b;
  if (op == 1) return a != b;
  if (op == 2) return a < b;
  if (op == 3) return a > b;
  if (op == 4) return a <= b;
  return a >= b;
}

// == != < > <= >= as a bitmap over all steps; the caller intersects it with presence.
export function rowCompare(op: u32, left: usize, right: usize, steps: u32, bitmap: usize): void {
  let word: u32 = 0;
  for (let s: u32 = 0; s < steps; s++, left += 8, right += 8) {
    word |= <u32>holds(op, load<f64>(left), load<f64>(right)) << (s & 31);
    if ((s & 31) == 31) {
      store<u32>(bitmap + (<usize>(s >> 5) << 2), word);
      word = 0;
    }
  }
  if ((steps & 31) != 0) store<u32>(bitmap + (<usize>(steps >> 5) << 2), word);
}

// Samples of a row as columns: times firstTime + s × step and values, of the present steps. Returns how
// many.
export function rowSamples(
  values: usize, presence: usize, steps: u32, firstTime: f64, step: f64, outTimes: usize, outValues: usize,
): u32 {
  let count: usize = 0;
  for (let s: u32 = 0; s < steps; s++) {
    if (((load<u32>(presence + (<usize>(s >> 5) << 2)) >> (s & 31)) & 1) == 0) continue;
    store<f64>(outTimes + (count << 3), firstTime + <f64>s * step);
    store<u64>(outValues + (count << 3), load<u64>(values + (<usize>s << 3)));
    count++;
  }
  return <u32>count;
}
