/**
 * Samples and their special values. The staleness marker is a signalling NaN: JavaScript arithmetic and plain
 * arrays change its bits, typed arrays and DataViews keep them. So staleness is tested on bits, never on
 * values.
 */

/** Upper and lower 32 bits of the staleness marker, 0x7ff0000000000002. */
export const staleMarkerHigh = 0x7ff00000;
/** Lower half of the staleness marker. */
export const staleMarkerLow = 2;
/** The lowest time a sample can have, in milliseconds: below it "no time" is meant. */
export const minTimeMs = -(2 ** 53);
/** The highest time a sample can have, in milliseconds. */
export const maxTimeMs = 2 ** 53;

/** Writes the staleness marker at `index` (counted in float64s). */
export function writeStaleMarker(values: Float64Array, index: number): void {
  const bits = new Uint32Array(values.buffer, values.byteOffset + index * 8, 2);
  bits[0] = staleMarkerLow;
  bits[1] = staleMarkerHigh;
}

/** Whether the value at `index` is the staleness marker; a quietened one (0x7ff8…02) counts too. */
export function isStaleAt(values: Float64Array, index: number): boolean {
  if (values[index] === values[index]) return false;
  const bits = new Uint32Array(values.buffer, values.byteOffset + index * 8, 2);
  return bits[0] === staleMarkerLow && (bits[1] & 0xfff7ffff) === staleMarkerHigh;
}
