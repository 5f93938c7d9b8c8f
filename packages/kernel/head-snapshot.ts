/**
 * Kernel `head-snapshot`: the head's series as of one commit, and their label ids in the ids of a query.
 * Definition: packages/tsdb/head-snapshot.ts, which also names the fields of a row.
 */

/** Bytes of a row of the snapshot. */
export const headSnapshotRowBytes = 48;

/** Functions of assembly/head-snapshot.ts. */
export interface HeadSnapshotKernel {
  /**
   * Writes a row for each series of `runCount` runs of refs (pairs of u32) that has a chunk within fromMs …
   * toMs as of `commit`, at most `limit`. Returns how many, or −1 when two later commits have come to a
   * series; with `lenient` 1 such a series shows what it has.
   */
  headSnapshot(
    root: number,
    runs: number,
    runCount: number,
    limit: number,
    commit: number,
    fromMs: number,
    toMs: number,
    lenient: number,
    rows: number,
  ): number;
  /**
   * Writes the label ids of `count` rows to `out`, through the table at `translation` (u32 per symbol: the
   * query's id plus one). Symbols that the table does not know are listed at `unknown`, at most
   * `unknownLimit` (at least one) and each once; returns how many. The caller enters them and calls again,
   * until none is listed.
   */
  headLabels(
    rows: number,
    count: number,
    translation: number,
    out: number,
    unknown: number,
    unknownLimit: number,
  ): number;
}
