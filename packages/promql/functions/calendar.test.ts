/**
 * Facts about dates near and far; the figures are what Go's calendar gives on amd64.
 */

import assert from "node:assert/strict";
import { test } from "node:test";

import { calendarFunctions } from "./calendar.ts";

const names = [
  "year",
  "month",
  "day_of_month",
  "day_of_week",
  "day_of_year",
  "days_in_month",
  "hour",
  "minute",
] as const;

function fieldsOf(seconds: number): number[] {
  return names.map((name) => calendarFunctions[name](seconds));
}

const beyond = [292277026596, 12, 4, 0, 339, 31, 15, 30];

const facts: readonly (readonly [seconds: number, fields: readonly number[]])[] = [
  [0, [1970, 1, 1, 4, 1, 31, 0, 0]],
  [-0.5, [1970, 1, 1, 4, 1, 31, 0, 0]],
  [-1, [1969, 12, 31, 3, 365, 31, 23, 59]],
  [4.5e9, [2112, 8, 7, 0, 220, 31, 8, 0]],
  [951_782_400, [2000, 2, 29, 2, 60, 29, 0, 0]],
  [-6e10, [68, 9, 3, 1, 247, 30, 13, 20]],
  [-62_135_596_801, [0, 12, 31, 0, 366, 31, 23, 59]],
  [253_402_300_800, [10000, 1, 1, 6, 1, 31, 0, 0]],
  [8.65e12, [276077, 8, 2, 1, 214, 31, 17, 46]],
  [-8.65e12, [-272138, 5, 31, 6, 151, 31, 6, 13]],
  [1e15, [31690708, 7, 5, 0, 187, 31, 1, 46]],
  [-1e15, [-31686769, 6, 29, 0, 180, 30, 22, 13]],
  [9.3e17, [29470528781, 5, 2, 6, 122, 31, 21, 20]],
  [-9.2e18, [-291536392293, 5, 3, 2, 123, 31, 12, 26]],
  [-9.223372036854774e18, [292277026596, 12, 4, 0, 339, 31, 16, 4]],
  [9.22e18, [292170171002, 10, 20, 3, 293, 31, 23, 6]],
  [NaN, beyond],
  [Infinity, beyond],
  [-Infinity, beyond],
  [1e300, beyond],
];

for (const [seconds, fields] of facts) {
  test(`the date of ${seconds} s`, () => assert.deepEqual(fieldsOf(seconds), fields));
}
