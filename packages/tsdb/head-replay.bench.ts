/**
 * Cost of a start: replay of a log as a server leaves it, 200 targets of 250 series each, scraped 40 times.
 */

import { Arena } from "@narthex/kernel/arena";
import { Labels } from "@narthex/model/labels";
import { MemoryDisk } from "@narthex/platform/memory-disk";
import { ByteWriter } from "@narthex/bytes/byte-writer";
import { Head } from "./head.ts";
import { replayHead } from "./head-replay.ts";
import { encodeSeries } from "./wal-record.ts";
import { WalWriter } from "./wal-writer.ts";

const targets = 200;
const seriesPerTarget = 250;
const scrapes = 40;
const startMs = 1_700_000_000_000;
const options = { chunkRangeMs: 7_200_000, samplesPerChunk: 120 };

/** Writes the log of a server. */
function writeLog(disk: MemoryDisk): void {
  const arena = Arena.create();
  const head = new Head(arena, options);
  const wal = WalWriter.open(disk, "/data/wal", { arena });
  const out = new ByteWriter();
  head.attachLog({
    logSeries: (entries) => {
      out.reset();
      encodeSeries(out, entries);
      wal.log(out.view());
    },
    logAt: (address, sizeBytes) => wal.logAt(address, sizeBytes),
    logHistograms: () => {},
    flush: () => wal.flush(),
  });
  const refs = Array.from({ length: targets }, () => new Uint32Array(seriesPerTarget));
  const values = new Float64Array(seriesPerTarget);
  const results = new Uint8Array(seriesPerTarget);
  for (let scrape = 0; scrape < scrapes; scrape++) {
    for (let target = 0; target < targets; target++) {
      const batch = head.appender();
      const own = refs[target] as Uint32Array;
      for (let i = 0; i < seriesPerTarget; i++) {
        if (scrape === 0) own[i] = batch.resolve(labelsOf(target, i));
        values[i] = scrape * (i % 50) * 1.25 + target;
      }
      batch.appendColumns(own, startMs + scrape * 15_000 + target * 7, values, seriesPerTarget, results);
      void batch.commit();
    }
  }
  wal.close();
}

function labelsOf(target: number, i: number): Labels {
  return Labels.fromObject({
    __name__: `metric_${i % 60}_total`,
    instance: `10.0.${target >> 4}.${target & 15}:9100`,
    job: "node",
    mode: `mode${i}`,
  });
}

const disk = new MemoryDisk();
disk.makeDirectory("/data");
writeLog(disk);

/** Samples of one log, series included. */
export const cases = {
  "replay, per sample": {
    operations: targets * seriesPerTarget * scrapes,
    run: () => {
      const head = new Head(Arena.create(), options);
      const report = replayHead(head, disk, "/data/wal", () => {});
      if (report.samples !== targets * seriesPerTarget * scrapes) throw new Error("samples are missing");
    },
  },
};
