/**
 * The contract between engine and storage for samples: some series with their samples as columns, in the
 * arena.
 *
 * A series' samples are `count[i]` times at `timesAt[i]` and as many values at `valuesAt[i]` (addresses of
 * float64 columns, 8-byte aligned). Several series may share one column of times. The head's inner layout can
 * change without the engine knowing.
 *
 * Two columns are there only for series that need them (address 0: not there). `kindsAt[i]` is a bitmap of
 * 32-bit words: a set bit says that this sample is a native histogram, and its value the address of its
 * record (histogram-record.ts). `startsAt[i]` is a float64 column of start timestamps in milliseconds, 0
 * where a sample has none.
 *
 * Invariants
 *  - Times of one series strictly ascend. Milliseconds.
 *  - Values are bit-exact: staleness markers are in the columns, `staleCount[i]` says how many (0 for most
 *    series, so that kernels skip the test). Read them through typed arrays or kernels only.
 *  - A histogram that only marks its series as stale comes as a float staleness marker.
 *  - Whoever fills a batch sets every column of every series it fills; bits behind the last sample are 0.
 *
 * Lifetime: columns and records live in the scratch that was handed to `SeriesSet.read`, until the caller
 * releases its mark.
 */

/** Columns of the samples of some series. Plain data; made once per query and reused. */
export class SeriesBatch {
  /** The most series a batch holds. */
  static readonly capacity = 256;

  /** How many series are in it. */
  seriesCount = 0;
  /** Address of the first time of series i. */
  readonly timesAt = new Uint32Array(SeriesBatch.capacity);
  /** Address of the first value of series i. */
  readonly valuesAt = new Uint32Array(SeriesBatch.capacity);
  /** Samples of series i, staleness markers included. */
  readonly count = new Uint32Array(SeriesBatch.capacity);
  /** Staleness markers among them. */
  readonly staleCount = new Uint32Array(SeriesBatch.capacity);
  /** Address of the bitmap of histograms, 0 when all samples are floats. */
  readonly kindsAt = new Uint32Array(SeriesBatch.capacity);
  /** Address of the first start timestamp, 0 when no sample has one. */
  readonly startsAt = new Uint32Array(SeriesBatch.capacity);
}

/** Bytes of a bitmap for `count` samples. */
export function kindsBytes(count: number): number {
  return ((count + 31) >>> 5) * 4;
}
