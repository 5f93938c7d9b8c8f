/**
 * Some float64 values that change over time, each written as what changed of its bits since the last time:
 * the sum of histograms, and every count of float histograms.
 *
 * A change is XORed with the value before: `0` for none; `10` and the changed bits within the last window;
 * `11`, five bits of leading zeros (31 at most), six bits of width (0 means 64) and as many bits: a new
 * window. Values are handled as bits: every NaN survives.
 */

import { DecodeError } from "@narthex/bytes/decode-error";
import type { BitInput } from "./bit-input.ts";
import type { BitOutput } from "./bit-output.ts";

const noWindow = 255;
/** Little-endian halves, as all machines we run on have them. */
const probe = new Float64Array(1);
const probeWords = new Uint32Array(probe.buffer);

/** Values with the window of each. */
export class XorValues {
  readonly values: Float64Array;
  /** Halves of the values: low, high, low, high, … */
  readonly words: Uint32Array;
  readonly #leading: Uint8Array;
  readonly #trailing: Uint8Array;

  constructor(count: number) {
    this.values = new Float64Array(count);
    this.words = new Uint32Array(this.values.buffer);
    this.#leading = new Uint8Array(count).fill(noWindow);
    this.#trailing = new Uint8Array(count);
  }

  /** Sets value `i` and writes it in full. */
  writeFirst(output: BitOutput, i: number, value: number): void {
    this.values[i] = value;
    output.bits64(this.words[2 * i + 1], this.words[2 * i], 64);
  }

  /** Sets value `i` and writes the change. */
  write(output: BitOutput, i: number, value: number): void {
    probe[0] = value;
    const high = probeWords[1] ^ this.words[2 * i + 1];
    const low = probeWords[0] ^ this.words[2 * i];
    this.values[i] = value;
    if (high === 0 && low === 0) {
      output.bits(0, 1);
      return;
    }
    const leading = Math.min(31, high === 0 ? 32 + Math.clz32(low) : Math.clz32(high));
    const trailing = low === 0 ? 32 + trailingZeros(high) : trailingZeros(low);
    const known = this.#leading[i];
    if (known !== noWindow && leading >= known && trailing >= this.#trailing[i]) {
      output.bits(0b10, 2);
      writeShifted(output, high, low, known, this.#trailing[i]);
      return;
    }
    this.#leading[i] = leading;
    this.#trailing[i] = trailing;
    output.bits(0b11, 2);
    output.bits(leading, 5);
    output.bits((64 - leading - trailing) & 63, 6);
    writeShifted(output, high, low, leading, trailing);
  }

  /** Reads value `i` in full. */
  readFirst(input: BitInput, i: number): void {
    this.words[2 * i + 1] = input.bits(32);
    this.words[2 * i] = input.bits(32);
  }

  /** Reads what changed of value `i`. Throws `DecodeError`. */
  read(input: BitInput, i: number): void {
    if (input.bit() === 0) return;
    if (input.bit() === 1) {
      const leading = input.bits(5);
      const width = input.bits(6) || 64;
      if (leading + width > 64) throw new DecodeError("a value has more than 64 bits");
      this.#leading[i] = leading;
      this.#trailing[i] = 64 - leading - width;
    }
    const leading = this.#leading[i] === noWindow ? 0 : this.#leading[i];
    const trailing = this.#trailing[i];
    const width = 64 - leading - trailing;
    const high = width > 32 ? input.bits(width - 32) : 0;
    const low = input.bits(Math.min(32, width));
    if (trailing >= 32) {
      this.words[2 * i + 1] ^= low << (trailing - 32);
    } else {
      this.words[2 * i] ^= low << trailing;
      this.words[2 * i + 1] ^= trailing === 0 ? high : (high << trailing) | (low >>> (32 - trailing));
    }
  }
}

function writeShifted(output: BitOutput, high: number, low: number, leading: number, trailing: number): void {
  const width = 64 - leading - trailing;
  if (trailing >= 32) output.bits(high >>> (trailing - 32), width);
  else if (trailing === 0) output.bits64(high, low, width);
  else output.bits64(high >>> trailing, (low >>> trailing) | (high << (32 - trailing)), width);
}

function trailingZeros(word: number): number {
  return 31 - Math.clz32(word & -word);
}
