/**
 * Binary logarithms as Go computes them, so that interpolation in buckets agrees to the last digit: the
 * exponent apart, the fraction by the natural logarithm.
 */

const bits = new DataView(new ArrayBuffer(8));

/** Go's math.Log2. */
export function goLog2(value: number): number {
  if (!(value > 0) || value === Infinity) return Math.log2(value);
  // Subnormal numbers are brought to where the exponent can be read.
  const shift = value < 2 ** -1022 ? 54 : 0;
  bits.setFloat64(0, value * 2 ** shift);
  const high = bits.getUint32(0);
  const exponent = ((high >>> 20) & 0x7ff) - 1022 - shift;
  bits.setUint32(0, (high & 0x800fffff) | (1022 << 20));
  const fraction = bits.getFloat64(0);
  return fraction === 0.5 ? exponent - 1 : Math.log(fraction) * (1 / Math.LN2) + exponent;
}
