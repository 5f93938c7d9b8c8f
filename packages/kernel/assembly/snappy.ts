// Kernel `snappy`. Definition: bytes/snappy.ts; the encoder's output equals it byte for byte.
// Reads up to 16 bytes behind a source; never writes behind `target + capacity`.

const PIECE: u32 = 65536;
const MARGIN: u32 = 15;
const TABLE_BYTES: u32 = 32768;

// Returns where the writing ended.
function writeLiteral(from: u32, to: u32, out: u32): u32 {
  if (from == to) return out;
  const length = to - from - 1;
  if (length < 60) {
    store<u8>(out++, <u8>(length << 2));
  } else if (length < 256) {
    store<u8>(out, 240);
    store<u8>(out, <u8>length, 1);
    out += 2;
  } else {
    store<u8>(out, 244);
    store<u16>(out, <u16>length, 1);
    out += 3;
  }
  // The bound leaves room behind every literal but a short last one: copy sixteen where that is safe.
  memory.copy(out, from, length + 1);
  return out + length + 1;
}

function writeLongCopy(distance: u32, length: u32, out: u32): u32 {
  store<u8>(out, <u8>(((length - 1) << 2) | 2));
  store<u16>(out, <u16>distance, 1);
  return out + 3;
}

function writeCopy(distance: u32, length: u32, out: u32): u32 {
  while (length > 64) {
    const now: u32 = length >= 68 ? 64 : 60;
    out = writeLongCopy(distance, now, out);
    length -= now;
  }
  if (length >= 12 || distance >= 2048) return writeLongCopy(distance, length, out);
  store<u8>(out, <u8>(((distance >> 8) << 5) | ((length - 4) << 2) | 1));
  store<u8>(out, <u8>distance, 1);
  return out + 2;
}

function matchEnd(position: u32, candidate: u32, end: u32): u32 {
  while (position + 8 <= end) {
    const difference = load<u64>(position) ^ load<u64>(candidate);
    if (difference != 0) return position + <u32>(ctz<u64>(difference) >> 3);
    position += 8;
    candidate += 8;
  }
  while (position < end && load<u8>(position) == load<u8>(candidate)) {
    position++;
    candidate++;
  }
  return position;
}

function encodePiece(start: u32, end: u32, out: u32, table: u32): u32 {
  memory.fill(table, 0, TABLE_BYTES);
  let literal = start;
  let position = start + 1;
  let misses: u32 = 32;
  const limit = end - start > MARGIN ? end - MARGIN : start;
  while (position < limit) {
    const word = load<u32>(position);
    const slot = table + ((word * 0x1e35a7bd >> 18) << 1);
    const candidate = start + <u32>load<u16>(slot);
    store<u16>(slot, <u16>(position - start));
    if (load<u32>(candidate) != word) {
      position += misses++ >> 5;
      continue;
    }
    misses = 32;
    out = writeLiteral(literal, position, out);
    const stop = matchEnd(position + 4, candidate + 4, end);
    out = writeCopy(position - candidate, stop - position, out);
    position = stop;
    literal = stop;
  }
  return writeLiteral(literal, end, out);
}

export function snappyEncode(source: u32, sizeBytes: u32, target: u32, table: u32): u32 {
  let out = target;
  let size = sizeBytes;
  while (size > 127) {
    store<u8>(out++, <u8>(size | 128));
    size >>= 7;
  }
  store<u8>(out++, <u8>size);
  let start = source;
  const end = source + sizeBytes;
  while (start < end) {
    const stop = end - start > PIECE ? start + PIECE : end;
    out = encodePiece(start, stop, out, table);
    start = stop;
  }
  return out - target;
}

// The plain size in the low 32 bits, the header's bytes above; 0 for a header that is not readable.
function readHeader(source: u32, sizeBytes: u32): u64 {
  let size: u64 = 0;
  for (let i: u32 = 0; i < 5 && i < sizeBytes; i++) {
    const byte = <u64>load<u8>(source + i);
    size |= (byte & 127) << <u64>(7 * i);
    if (byte < 128) return size > 0xffffffff ? 0 : size | (<u64>(i + 1) << 32);
  }
  return 0;
}

export function snappyPlainBytes(source: u32, sizeBytes: u32): f64 {
  const header = readHeader(source, sizeBytes);
  return header == 0 ? -1 : <f64><u32>header;
}

// Copies within the output, byte order kept where source and target overlap.
function copyBack(out: u32, distance: u32, length: u32, capacityEnd: u32): void {
  let from = out - distance;
  const end = out + length;
  if (distance >= 8 && end + 8 <= capacityEnd) {
    while (out < end) {
      store<u64>(out, load<u64>(from));
      out += 8;
      from += 8;
    }
    return;
  }
  while (out < end) store<u8>(out++, load<u8>(from++));
}

// Decodes one literal's length; the bytes it takes are above bit 32.
function literalLength(tag: u32, p: u32, end: u32): u64 {
  const short = tag >> 2;
  if (short < 60) return <u64>short + 1;
  const extra = short - 59;
  if (end - p < extra) return 0;
  const mask = extra == 4 ? <u32>0xffffffff : (<u32>1 << (extra << 3)) - 1;
  const length = <u64>(load<u32>(p) & mask) + 1;
  return length > 0xffffffff ? 0 : length | (<u64>extra << 32);
}

export function snappyDecode(source: u32, sizeBytes: u32, target: u32, capacity: u32): i32 {
  const header = readHeader(source, sizeBytes);
  const plain = <u32>header;
  if (header == 0 || plain > capacity || plain > 0x7fffffff) return -1;
  let p = source + <u32>(header >> 32);
  const end = source + sizeBytes;
  const capacityEnd = target + capacity;
  const outEnd = target + plain;
  let out = target;
  while (p < end) {
    const tag = <u32>load<u8>(p++);
    const kind = tag & 3;
    if (kind == 0) {
      const read = literalLength(tag, p, end);
      const length = <u32>read;
      p += <u32>(read >> 32);
      if (read == 0 || length > end - p || length > outEnd - out) return -1;
      if (length <= 16 && capacityEnd - out >= 16) v128.store(out, v128.load(p));
      else memory.copy(out, p, length);
      p += length;
      out += length;
      continue;
    }
    let length = (tag >> 2) + 1;
    let distance: u32;
    if (kind == 1) {
      distance = ((tag >> 5) << 8) | <u32>load<u8>(p);
      length = ((tag >> 2) & 7) + 4;
      p += 1;
    } else if (kind == 2) {
      distance = load<u16>(p);
      p += 2;
    } else {
      distance = load<u32>(p);
      p += 4;
    }
    if (p > end || distance == 0 || distance > out - target || length > outEnd - out) return -1;
    copyBack(out, distance, length, capacityEnd);
    out += length;
  }
  return out == outEnd ? <i32>plain : -1;
}
