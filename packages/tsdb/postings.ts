/**
 * Postings: ascending sets of series refs as runs, `[first, end, first, end, …]` with exclusive ends. Refs
 * are given out in scrape order, so the series of a target, and often those of a metric, are few runs: set
 * operations cost by the run, not by the series.
 *
 * Invariants: runs ascend, are not empty and do not touch (checked by postings.property.test.ts).
 */

/** An ascending set of refs as runs. */
export type Runs = Uint32Array;

/** The set of nothing. */
export const noRuns: Runs = new Uint32Array(0);

/** How many refs are in the set. */
export function countRefs(runs: Runs): number {
  let count = 0;
  for (let i = 0; i < runs.length; i += 2) count += runs[i + 1] - runs[i];
  return count;
}

/** The refs, one by one, ascending. */
export function expandRuns(runs: Runs): Uint32Array {
  const refs = new Uint32Array(countRefs(runs));
  let at = 0;
  for (let i = 0; i < runs.length; i += 2) {
    for (let ref = runs[i]; ref < runs[i + 1]; ref++) refs[at++] = ref;
  }
  return refs;
}

/** Refs in both sets. */
export function intersectRuns(a: Runs, b: Runs): Runs {
  const out = new Uint32Array(a.length + b.length);
  let count = 0;
  for (let i = 0, j = 0; i < a.length && j < b.length;) {
    const first = Math.max(a[i], b[j]);
    const end = Math.min(a[i + 1], b[j + 1]);
    if (first < end) {
      out[count++] = first;
      out[count++] = end;
    }
    if (a[i + 1] < b[j + 1]) i += 2;
    else j += 2;
  }
  return out.subarray(0, count);
}

/** Refs of `a` that are not in `b`. */
export function subtractRuns(a: Runs, b: Runs): Runs {
  const out = new Uint32Array(a.length + b.length);
  let count = 0;
  for (let i = 0, j = 0; i < a.length; i += 2) {
    let first = a[i];
    const end = a[i + 1];
    while (j < b.length && b[j + 1] <= first) j += 2;
    for (let k = j; k < b.length && b[k] < end; k += 2) {
      if (b[k] > first) {
        out[count++] = first;
        out[count++] = b[k];
      }
      first = b[k + 1];
    }
    if (first < end) {
      out[count++] = first;
      out[count++] = end;
    }
  }
  return out.subarray(0, count);
}

/** Longest run that a sort key can say. */
const longestKey = 2 ** 20 - 1;

/** Refs in any of the sets. */
export function uniteRuns(sets: readonly Runs[]): Runs {
  if (sets.length === 0) return noRuns;
  if (sets.length === 1) return sets[0];
  const total = sets.reduce((sum, runs) => sum + runs.length, 0);
  // One float64 per run, so that typed-array sort orders them: 32 bits of first ref, 20 bits of length.
  const keys = new Float64Array(total / 2);
  let at = 0;
  for (const runs of sets) {
    for (let i = 0; i < runs.length; i += 2) {
      keys[at++] = runs[i] * 2 ** 20 + Math.min(runs[i + 1] - runs[i], longestKey);
    }
  }
  return keys.length === 0 ? noRuns : mergeSorted(sets, keys);
}

/**
 * Joins runs in the order of their first ref. Longer runs than the key can say are looked up in their set.
 */
function mergeSorted(sets: readonly Runs[], keys: Float64Array): Runs {
  keys.sort();
  const out = new Uint32Array(keys.length * 2);
  let count = 0;
  for (const key of keys) {
    const first = Math.floor(key / 2 ** 20);
    const length = key - first * 2 ** 20;
    const end = length < longestKey ? first + length : longestEnd(sets, first);
    if (count > 0 && first <= out[count - 1]) {
      if (end > out[count - 1]) out[count - 1] = end;
    } else {
      out[count++] = first;
      out[count++] = end;
    }
  }
  return out.subarray(0, count);
}

function longestEnd(sets: readonly Runs[], first: number): number {
  let end = first;
  for (const runs of sets) {
    for (let i = 0; i < runs.length; i += 2) if (runs[i] === first && runs[i + 1] > end) end = runs[i + 1];
  }
  return end;
}
