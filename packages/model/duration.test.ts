import assert from "node:assert/strict";
import { test } from "node:test";
import {
  DurationError,
  formatDuration,
  formatSize,
  maxDurationMs,
  parseDuration,
  parseSignedDuration,
  parseSize,
} from "./duration.ts";

test("parseDuration", () => {
  const is = (text: string, ms: number) => assert.equal(parseDuration(text), ms, text);
  is("0", 0);
  is("0s", 0);
  is("15s", 15_000);
  is("324ms", 324);
  is("1h30m", 5_400_000);
  is("4d1h7m", 349_620_000);
  is("1y2w3d", 33_004_800_000);
  is("14d", 1_209_600_000);
  is("292y", 292 * 365 * 86_400_000);

  const fails = (text: string, message: string) =>
    assert.throws(() => parseDuration(text), new DurationError(message));
  fails("", "empty duration string");
  fails("1", 'not a valid duration string: "1"');
  fails("1y1m1d", 'not a valid duration string: "1y1m1d"');
  fails("-1w", 'not a valid duration string: "-1w"');
  fails("1.5d", 'unknown unit "." in duration "1.5d"');
  fails("d", 'not a valid duration string: "d"');
  fails("30m1h", 'not a valid duration string: "30m1h"');
  fails("1s1s", 'not a valid duration string: "1s1s"');
  fails("1x", 'unknown unit "x" in duration "1x"');
  fails("294y", "duration out of range");
  fails("200y10400w", "duration out of range");
  fails("107675d24h", "duration out of range");
  fails("18446744073709551616s", 'not a valid duration string: "18446744073709551616s"');
  assert.equal(parseDuration(`${maxDurationMs}ms`), maxDurationMs);
});

test("parseSignedDuration", () => {
  assert.equal(parseSignedDuration("-5m"), -300_000);
  assert.equal(parseSignedDuration("5m"), 300_000);
});

test("formatDuration", () => {
  const is = (ms: number, text: string) => assert.equal(formatDuration(ms), text);
  is(0, "0s");
  is(324, "324ms");
  is(5_400_000, "1h30m");
  is(90 * 86_400_000, "90d");
  is(14 * 86_400_000, "2w");
  is(365 * 86_400_000, "1y");
  is(366 * 86_400_000, "366d");
  is(1001, "1s1ms");
  is(-300_000, "-5m");
});

test("parseSize", () => {
  const is = (text: string, bytes: number) => assert.equal(parseSize(text), bytes, text);
  is("0", 0);
  is("1B", 1);
  is("15KB", 15_360);
  is("15KiB", 15_360);
  is("1.5GiB", 1_610_612_736);
  is("1GB512MB", 1_610_612_736);
  is("-1KB", -1024);

  const fails = (text: string, message: string) =>
    assert.throws(() => parseSize(text), new DurationError(message));
  fails("", "units: invalid ");
  fails("12", "units: unknown unit  in 12");
  fails("KB", "units: invalid KB");
  fails("1XB", "units: unknown unit XB in 1XB");
  fails("1iB", "units: unknown unit iB in 1iB");
  fails("1GiB1MB", "units: unknown unit GiB in 1GiB1MB");
  fails("100EB", "units: overflow parsing unit");
});

test("formatSize", () => {
  assert.equal(formatSize(0), "0B");
  assert.equal(formatSize(1536), "1KiB512B");
  assert.equal(formatSize(1_610_612_736), "1GiB512MiB");
});
