/**
 * Where things lie in the head: byte offsets of the structures in the arena, shared by the writer (head.ts),
 * the readers (head-reader.ts) and the kernel (packages/kernel/assembly/head-append.ts, which repeats the
 * numbers).
 *
 *   root ── directory ── segments of 4096 series records ── open chunk, list of sealed chunks, label ids
 *     ├──── symbols: directory ── segments of addresses ── text blocks; hash table
 *     └──── postings: hash table of (name, value) ── entries ── runs of refs
 *
 * "Published" fields are read by other threads: atomic stores and loads, in the order that arena.ts
 * prescribes.
 */

/** The head's root structure. */
export const root = {
  /** u32 state of the slab allocator. */
  slab: 0,
  /**
   * u32 address of the series directory: one u32 per 4096 refs, 0 for an empty segment. Published entries.
   */
  directory: 4,
  /** u32 the highest ref given out. Published. */
  lastRef: 8,
  /** u32 number of the last finished commit. Published. */
  commit: 12,
  /** f64 time of the oldest and newest sample; +Infinity and -Infinity when there is none. */
  minTime: 16,
  maxTime: 24,
  /** f64 samples before it are out of bounds. */
  minValid: 32,
  /** u32 address of the symbol directory: one u32 per 16384 symbols. Published entries. */
  symbolDirectory: 40,
  /** u32 symbols given out, id 0 (the empty string) included. Published. */
  symbolCount: 44,
  /** u32 address of the symbol hash table. Published. */
  symbolTable: 48,
  /** u32 address of the postings hash table. Published. */
  postingsTable: 52,
  /** u32 first entry of the list of label names. Published. */
  firstName: 60,
  /** u32 entry of all series. */
  allPostings: 64,
  /** u32 live series. */
  seriesCount: 68,
  /** u32 chunks, open ones included. */
  chunkCount: 72,
  /** f64 samples ever appended. */
  appended: 80,
  /** f64 width of a block in ms: no chunk crosses a multiple of it. */
  chunkRange: 88,
  /** u32 wanted samples per chunk. */
  samplesPerChunk: 96,
  /** f64 chunks ever made. */
  chunksCreated: 104,
  /**
   * f64 refs below it may have been removed; samples before it are in blocks (truncation). Published before
   * chunks go.
   */
  floorTime: 112,
  bytes: 128,
} as const;

/** One series: 96 bytes. */
export const series = {
  /** f64, u64: the newest sample; -Infinity when there is none. */
  lastTime: 0,
  lastValue: 8,
  /** f64 time of the open chunk's first sample. */
  openMin: 24,
  /** u32 data of the open chunk, 0 for none. Published. */
  chunk: 32,
  /** u16 its buffer in units of 16 bytes. */
  capacity: 36,
  /** u32 bits used in it. */
  bits: 40,
  /** u8 encoding of the open chunk, 0 for plain floats. */
  encoding: 46,
  /** u8 whether the end of an open histogram chunk was predicted. */
  isCutPredicted: 47,
  /** u32 sequence << 16 | samples of the open chunk; an odd sequence means "being sealed". Published. */
  version: 48,
  /** u32 newest sealed chunk. Published. */
  sealed: 52,
  /** f64 a sample at or after it begins a new chunk. */
  nextCut: 80,
  /** u32 label ids: name, value, name, value, … ascending by name. */
  labels: 56,
  /** u32 how many ids (two per label). */
  labelIds: 60,
  /** u32 hash of the label ids. */
  hash: 64,
  /**
   * Two stamps, of the last two commits that touched the series: u32 the commit, u32 the low bits of the
   * first time that it added. A commit takes the place of the older one, its time first. Published.
   */
  commitA: 68,
  startA: 72,
  commitB: 76,
  startB: 92,
  /** u32 the series' ref; 0 when the record is empty. */
  ref: 88,
  bytes: 96,
} as const;

/** Series per segment of the directory, as a shift. */
export const seriesSegmentShift = 12;
/** Symbols per segment of the symbol directory, as a shift. */
export const symbolSegmentShift = 14;

/** A sealed chunk: header, then the bytes of the encoding. */
export const chunk = {
  /** u32 the next older chunk. Published (truncation cuts here). */
  older: 0,
  /** u32 bytes of data. */
  dataBytes: 4,
  /** f64 times of the first and last sample. */
  minTime: 8,
  maxTime: 16,
  /** u16 samples, u8 encoding. */
  samples: 24,
  encoding: 26,
  data: 32,
} as const;

/** A text block of the symbol table. */
export const symbol = {
  /** u32 hash, u32 bytes, u32 series that use it. */
  hash: 0,
  textBytes: 4,
  uses: 8,
  text: 12,
} as const;

/** An entry of the postings: the series with one label pair; value 0 stands for "has the name". */
export const posting = {
  name: 0,
  value: 4,
  /** u32 block of runs. Published. */
  runs: 8,
  /** u32 next entry with the same name, or (value 0) the next name. Published. */
  next: 12,
  /** u32 first value entry of a name (value 0 only). Published. */
  firstValue: 16,
  /** u32 series in the runs. */
  series: 20,
  bytes: 24,
} as const;

/**
 * A block of runs: u32 count (published), u32 capacity, then pairs of first ref and end ref (exclusive,
 * published).
 */
export const runs = { count: 0, capacity: 4, pairs: 8 } as const;

/** A hash table: u32 mask, u32 used slots, then mask + 1 slots of u32; 0 is empty. */
export const table = { mask: 0, used: 4, slots: 8 } as const;
