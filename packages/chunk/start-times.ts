/**
 * The stream of start times inside chunks of encodings 4, 5 and 6: when each sample's counter began.
 *
 * Byte 2 of the chunk says: bit 7, the first sample has a start time; the other bits, the sample at which
 * start times begin to be written (0: they never change). They are written as differences to the time of the
 * sample before: the first one in full, then the change of the difference. Sample 127 begins the stream in
 * any case: a later one does not fit the header.
 */

import type { BitInput } from "./bit-input.ts";
import type { BitOutput } from "./bit-output.ts";

const headerByte = 2;
const firstIsKnown = 0x80;
const lastChangeOn = 0x7f;

/** Writes start times, one after each sample. 0: none. */
export class StartTimeEncoder {
  startMs = 0;
  differenceMs = 0;
  changeOn = 0;

  /** After sample `index` (0 for the first) was written, at `timeMs`; the one before was at `beforeMs`. */
  write(output: BitOutput, index: number, timeMs: number, beforeMs: number, startMs: number): void {
    if (index === 0) {
      if (startMs !== 0) {
        output.varint(timeMs - startMs);
        output.bytes[headerByte] = firstIsKnown;
      }
    } else if (this.changeOn > 0) {
      const differenceMs = beforeMs - startMs;
      output.varbitInt(differenceMs - this.differenceMs);
      this.differenceMs = differenceMs;
    } else if (startMs !== this.startMs || index === lastChangeOn) {
      this.changeOn = index;
      this.differenceMs = beforeMs - startMs;
      output.bytes[headerByte] |= index;
      output.varbitInt(this.differenceMs);
    }
    this.startMs = startMs;
  }
}

/** Reads what `StartTimeEncoder` writes. */
export class StartTimeDecoder {
  /** Start of the counter of the last sample read, 0 for none. */
  startMs = 0;
  differenceMs = 0;
  changeOn = 0;
  #firstIsKnown = false;

  /** Starts at the beginning of a chunk whose byte 2 is `header`. */
  open(header: number): void {
    this.startMs = 0;
    this.differenceMs = 0;
    this.changeOn = header & lastChangeOn;
    this.#firstIsKnown = (header & firstIsKnown) !== 0;
  }

  /** After sample `index` was read. Throws `DecodeError`. */
  read(input: BitInput, index: number, timeMs: number, beforeMs: number): void {
    if (index === 0) {
      if (this.#firstIsKnown) this.startMs = timeMs - input.varint();
      return;
    }
    if (this.changeOn === 0 || index < this.changeOn) return;
    const difference = input.varbitInt();
    this.differenceMs = index === this.changeOn ? difference : this.differenceMs + difference;
    this.startMs = beforeMs - this.differenceMs;
  }
}
