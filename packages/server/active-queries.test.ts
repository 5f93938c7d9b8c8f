import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryDisk } from "@narthex/platform/memory-disk";
import { silentLogger, type LogFields, type Logger } from "@narthex/platform/logger";
import { VirtualClock } from "@narthex/platform/virtual-clock";
import { ActiveQueries, unfinishedQueries } from "./active-queries.ts";

const path = "data/queries.active";

/** Keeps what is reported. */
function keeper(reports: LogFields[]): Logger {
  const logger: Logger = {
    ...silentLogger,
    info: (message, fields) => reports.push({ message, ...fields }),
    child: () => logger,
  };
  return logger;
}

function open(disk: MemoryDisk, reports: LogFields[] = []): ActiveQueries {
  return ActiveQueries.open(disk, "data", 3, new VirtualClock(1_700_000_000_999), keeper(reports));
}

function text(disk: MemoryDisk): string {
  return Buffer.from(disk.readFile(path)).toString();
}

test("slots of 1000 bytes, as the original lays them out", () => {
  const disk = new MemoryDisk();
  const active = open(disk);
  assert.equal(text(disk), `[${"\0".repeat(3000)}`);
  active.insert(1, "up < 3");
  const entry = String.raw`{"query":"up \u003c 3","timestamp_sec":1700000000}`;
  const slot = `${entry.padEnd(999, "\0")},`;
  assert.equal(text(disk), `[${"\0".repeat(1000)}${slot}${"\0".repeat(1000)}`);
  active.remove(1);
  assert.equal(text(disk), `[${"\0".repeat(3000)}`);
  active.close();
});

test("a long query is cut to its slot, no character torn", () => {
  const disk = new MemoryDisk();
  const active = open(disk);
  for (const query of ["x".repeat(5000), "é".repeat(5000), '"<\n'.repeat(2000)]) {
    active.insert(0, query);
    const all = text(disk);
    assert.equal(Buffer.byteLength(all), 3001);
    const [entry] = JSON.parse(unfinishedQueries(disk.readFile(path)) ?? "") as { query: string }[];
    assert.ok(entry !== undefined && query.startsWith(entry.query), "a part of the query");
    assert.ok(Buffer.byteLength(entry.query) > 100, "and not little of it");
  }
});

test("what a crash leaves is reported at the next start, once", () => {
  const disk = new MemoryDisk();
  const reports: LogFields[] = [];
  const active = open(disk, reports);
  active.insert(2, "rate(a[5m])");
  active.insert(0, "b");
  assert.equal(reports.length, 0);
  open(disk, reports);
  assert.deepEqual(reports, [
    {
      message: "These queries didn't finish in prometheus' last run:",
      queries:
        '[{"query":"b","timestamp_sec":1700000000},{"query":"rate(a[5m])","timestamp_sec":1700000000}]',
    },
  ]);
  open(disk, reports);
  assert.equal(reports.length, 1);
});
