/**
 * How far a long run goes.
 */

import assert from "node:assert/strict";
import { test } from "node:test";

import { extentOf } from "./fuzz.ts";

test("without options 100,000 seeds from 1", () =>
  assert.deepEqual(extentOf([]), { first: 1, seeds: 100_000, minutes: Infinity }));
test("minutes alone end a run by time", () =>
  assert.deepEqual(extentOf(["--minutes", "60"]), { first: 1, seeds: Infinity, minutes: 60 }));
test("one seed alone", () =>
  assert.deepEqual(extentOf(["--first", "77", "--seeds", "1"]), { first: 77, seeds: 1, minutes: Infinity }));
test("no such number", () =>
  assert.throws(() => extentOf(["--seeds", "many"]), /--seeds wants a number above 0, got "many"/u));
test("no such option", () => assert.throws(() => extentOf(["--hours", "2"]), /hours/u));
