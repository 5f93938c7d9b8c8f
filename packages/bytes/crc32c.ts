/**
 * CRC-32C (Castagnoli), the checksum of every storage file: reflected polynomial 0x82f63b78, initial and
 * final value all ones. Eight bytes per round through eight tables, about 0.8 GB/s. On bytes in the
 * arena the kernel `crc32c` is twice as fast.
 */

const tables = makeTables();

function makeTables(): readonly Int32Array[] {
  const all = Array.from({ length: 8 }, () => new Int32Array(256));
  for (let i = 0; i < 256; i++) {
    let value = i;
    for (let bit = 0; bit < 8; bit++) value = (value & 1) === 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
    all[0][i] = value;
  }
  for (let i = 0; i < 256; i++) {
    let value = all[0][i];
    for (let k = 1; k < 8; k++) {
      value = all[0][value & 255] ^ (value >>> 8);
      all[k][i] = value;
    }
  }
  return all;
}

const [t0, t1, t2, t3, t4, t5, t6, t7] = tables;

/**
 * The checksum of `bytes` from `start` to `end`, unsigned. To go on over several pieces, hand in the
 * checksum of what came before as `before`.
 */
export function crc32c(bytes: Uint8Array, start = 0, end = bytes.length, before = 0): number {
  let crc = ~before;
  let i = start;
  for (const last = end - 8; i <= last; i += 8) {
    const low = crc ^ (bytes[i] | (bytes[i + 1] << 8) | (bytes[i + 2] << 16) | (bytes[i + 3] << 24));
    crc =
      t7[low & 255] ^
      t6[(low >>> 8) & 255] ^
      t5[(low >>> 16) & 255] ^
      t4[low >>> 24] ^
      t3[bytes[i + 4]] ^
      t2[bytes[i + 5]] ^
      t1[bytes[i + 6]] ^
      t0[bytes[i + 7]];
  }
  for (; i < end; i++) crc = t0[(crc ^ bytes[i]) & 255] ^ (crc >>> 8);
  return ~crc >>> 0;
}
