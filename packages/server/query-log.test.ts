import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryDisk } from "@narthex/platform/memory-disk";
import { VirtualClock } from "@narthex/platform/virtual-clock";
import { QueryLog, type LoggedQuery } from "./query-log.ts";
import { failedStatistics } from "./query-statistics.ts";

const logged: LoggedQuery = {
  query: "up < 3",
  startMs: 1_700_000_000_123,
  endMs: 1_700_000_060_000,
  stepMs: 15_500,
  error: null,
  statisticsJson: '{"timings":{}}',
  clientIp: "127.0.0.1",
  method: "GET",
  path: "/api/v1/query_range",
};

function lines(disk: MemoryDisk, path: string): string[] {
  return Buffer.from(disk.readFile(path)).toString().trimEnd().split("\n");
}

test("a line has the original's fields", () => {
  const disk = new MemoryDisk();
  const log = new QueryLog(disk, new VirtualClock(1_700_000_061_000));
  log.write(logged);
  assert.equal(log.isOpen, false);
  log.setFile("q.log");
  log.write(logged);
  log.write({ ...logged, error: "query timed out in expression evaluation" });
  const [first = "", second = ""] = lines(disk, "q.log");
  assert.equal(
    first,
    '{"time":"2023-11-14T22:14:21.000Z","level":"INFO","source":"query-log.ts","msg":"promql query logged",' +
      String.raw`"params":{"end":"2023-11-14T22:14:20.000Z","query":"up \u003c 3",` +
      '"start":"2023-11-14T22:13:20.123Z","step":15},"stats":{"timings":{}},' +
      '"spanID":"0000000000000000","traceID":"00000000000000000000000000000000",' +
      '"httpRequest":{"clientIP":"127.0.0.1","method":"GET","path":"/api/v1/query_range"}}',
  );
  assert.equal((JSON.parse(second) as { error: string }).error, "query timed out in expression evaluation");
});

test("setting the file again opens it anew: the old one may have been moved away", () => {
  const disk = new MemoryDisk();
  const log = new QueryLog(disk, new VirtualClock(0));
  log.setFile("q.log");
  log.write(logged);
  disk.rename("q.log", "old.log");
  log.setFile("q.log");
  log.write(logged);
  assert.equal(lines(disk, "old.log").length, 1);
  assert.equal(lines(disk, "q.log").length, 1);
  log.setFile("");
  log.write(logged);
  assert.equal(lines(disk, "q.log").length, 1);
  assert.equal(log.failures, 0);
});

test("statistics of a query that failed", () => {
  assert.deepEqual(JSON.parse(failedStatistics(1500, 500).json), {
    timings: {
      evalTotalTime: 1,
      resultSortTime: 0,
      queryPreparationTime: 0,
      innerEvalTime: 1,
      execQueueTime: 0.5,
      execTotalTime: 1.5,
    },
    samples: { totalQueryableSamples: 0, samplesRead: 0, peakSamples: 0 },
  });
});
