/**
 * The date functions: hour, day_of_month, year, … of seconds since the epoch, in UTC.
 *
 * The original counts in 64-bit integers, far beyond what JavaScript's Date can hold. The calendar repeats
 * every 400 years, weekdays included, so such times are moved by whole cycles into Date's range.
 *
 *  1. The value becomes an int64, truncated; NaN and what does not fit become the least int64.
 *  2. The original's calendar begins at the year -292277022400: the few times before it count as 2^64 later.
 */

const cycleSeconds = 12_622_780_800n;
const cycleYears = 400;
const leastInt64 = -(2 ** 63);
const calendarBegin = -9_223_372_028_741_760_000n;
/** Date holds ±8.64e15 ms. */
const dateSeconds = 8.64e12;

/** A date within Date's range, and how many years later it really is. */
interface FarDate {
  readonly date: Date;
  readonly laterYears: number;
}

function dateOf(value: number): FarDate {
  const seconds = Math.trunc(value);
  if (Math.abs(seconds) <= dateSeconds) return { date: new Date(seconds * 1000), laterYears: 0 };
  const fits = seconds >= leastInt64 && seconds < -leastInt64;
  let exact = BigInt(fits ? seconds : leastInt64);
  if (exact < calendarBegin) exact += 2n ** 64n;
  const cycles = exact / cycleSeconds;
  return {
    date: new Date(Number(exact - cycles * cycleSeconds) * 1000),
    laterYears: Number(cycles) * cycleYears,
  };
}

/** Functions of seconds since the epoch, by name. */
export const calendarFunctions: Readonly<Record<string, (seconds: number) => number>> = {
  year: (value) => {
    const { date, laterYears } = dateOf(value);
    return date.getUTCFullYear() + laterYears;
  },
  month: (value) => dateOf(value).date.getUTCMonth() + 1,
  day_of_month: (value) => dateOf(value).date.getUTCDate(),
  day_of_week: (value) => dateOf(value).date.getUTCDay(),
  day_of_year: (value) => dayOfYear(dateOf(value).date),
  days_in_month: (value) => daysInMonth(dateOf(value).date),
  hour: (value) => dateOf(value).date.getUTCHours(),
  minute: (value) => dateOf(value).date.getUTCMinutes(),
};

/** Midnight of a day; `Date.UTC` would take the years 0 to 99 for 1900 to 1999. */
function midnight(year: number, month: number, day: number): Date {
  const date = new Date(0);
  date.setUTCFullYear(year, month, day);
  return date;
}

function dayOfYear(date: Date): number {
  const first = midnight(date.getUTCFullYear(), 0, 1);
  return Math.floor((date.getTime() - first.getTime()) / 86_400_000) + 1;
}

function daysInMonth(date: Date): number {
  return midnight(date.getUTCFullYear(), date.getUTCMonth() + 1, 0).getUTCDate();
}
