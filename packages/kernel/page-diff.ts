/**
 * Kernel `page-diff`: walks a page of an exposition format beside the key bytes of an earlier page, so that
 * a scrape whose keys have not changed costs no lexing. Definition: `diffPage` of
 * @narthex/exposition/page-diff.
 *
 * A template is a list of lines in page order. A sample line's key is all bytes before its value; any other
 * line is opaque and compared whole, with its line feed. Index: per line {offset in the key bytes u32,
 * length and flags u32}; see `lineFlag`.
 *
 * Invariants (the caller's)
 *  - A line feed stands behind the page's last byte, and 16 readable bytes follow it and the key bytes.
 *  - Columns have room for every line feed of the page plus two.
 */

/** Flags in the second word of an index entry; the length is below. */
export const lineFlag = {
  /** Not a sample: a comment, metadata, blank lines, or the end marker. */
  opaque: 0x80000000,
  /** A TYPE line. */
  type: 0x40000000,
  /**
   * Two bits: which label the type in force after this line has normalised (0 none, 1 `le`, 2 `quantile`).
   */
  boundShift: 28,
  length: 0x0fffffff,
} as const;

/** Bytes of a job, and the words (u32) in it. */
export const pageJobBytes = 64;
/** Words of a job. Addresses and counts; "moves" are advanced by `pageDiff`. */
export const pageJob = {
  keys: 0,
  index: 1,
  /** Moves: the next line of the template. */
  line: 2,
  lines: 3,
  /** Moves: the address of the next line of the page. */
  page: 4,
  end: 5,
  /** Moves: the number of the page's next sample, the row of the columns. */
  sample: 6,
  /** float64 per sample. */
  values: 7,
  /** float64 per sample in milliseconds, NaN for none; 0 when there is no column. */
  times: 8,
  /** Room for `slowRoom` notes: {sample, line's address, value's address, next line's address} u32. */
  slow: 9,
  /** Moves: notes taken. */
  slowCount: 10,
  slowRoom: 11,
  /** 0 text, 1 OpenMetrics. */
  format: 12,
  /** From `powersOfTen`. */
  powers: 13,
  /** Hash table of lines, u32 each, a power of two of them and more than lines. */
  table: 14,
  tableMask: 15,
} as const;

/** Functions of assembly/page-diff.ts. A job is an address of `pageJobBytes` bytes. */
export interface PageDiffKernel {
  /**
   * Walks while the page's lines equal the template's: stores values and times, and notes the lines that the
   * definition must read (rare numbers, trailing blanks, exemplars, bad lines). Stops at the first other
   * line, at the end of either side, or when there is no room for a note.
   */
  pageDiff(job: number): void;
  /** Line feeds in [page, end). */
  pageLineFeeds(page: number, end: number): number;
  /**
   * Fills the job's zeroed table; stores the number of samples before each line at `ordinals` (u32 per line).
   */
  pageTable(job: number, ordinals: number): void;
  /**
   * The first line of the template whose bytes stand at the job's page position, plus 1; 0 when there is
   * none.
   */
  pageFind(job: number): number;
  /**
   * Gathers `lines` sources {address u32, length and flags u32} into `keys` and `index`; returns the keys'
   * bytes.
   */
  pageCompact(sources: number, lines: number, keys: number, index: number): number;
}
