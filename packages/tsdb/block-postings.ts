/**
 * Postings of a block: which series match, as ascending arrays of series ids. (The head has its own form,
 * in runs: postings.ts. A block's ids have gaps.)
 */

import type { LabelMatcher } from "@narthex/model/label-matcher";
import type { RegexMatcher } from "@narthex/regex/matcher";

/** What selecting asks of an index. */
export interface PostingsSource {
  /** Ids of the series with this label, ascending; empty name and value: all series. */
  postings(name: string, value: string): Uint32Array;
  /**
   * Ids of the series whose value of `name` passes `accepts`, ascending. Only values that begin with
   * `prefix` are asked.
   */
  postingsWhere(name: string, accepts: (value: string) => boolean, prefix: string): Uint32Array;
}

/** Ids of the series that satisfy all matchers, ascending. */
export function matchingSeries(source: PostingsSource, matchers: readonly LabelMatcher[]): Uint32Array {
  let kept: Uint32Array | null = null;
  const excluded: Uint32Array[] = [];
  for (const matcher of matchers) {
    if (matcher.matches("")) {
      // A series without the label matches: take out those with a value that does not.
      const out = seriesWithout(source, matcher);
      if (out.length > 0) excluded.push(out);
      continue;
    }
    const found = seriesWith(source, matcher);
    kept = kept === null ? found : intersect(kept, found);
    if (kept.length === 0) return kept;
  }
  kept ??= source.postings("", "");
  for (const out of excluded) kept = subtract(kept, out);
  return kept;
}

/** Series whose value satisfies a matcher that no absent label satisfies. */
function seriesWith(source: PostingsSource, matcher: LabelMatcher): Uint32Array {
  if (matcher.kind === "=") return source.postings(matcher.name, matcher.value);
  if (matcher.kind === "=~") return seriesMatching(source, matcher.name, matcher.regex as RegexMatcher);
  return source.postingsWhere(matcher.name, (value) => matcher.matches(value), "");
}

/** Series with a value that does not satisfy the matcher. */
function seriesWithout(source: PostingsSource, matcher: LabelMatcher): Uint32Array {
  if (matcher.kind === "!=") return source.postings(matcher.name, matcher.value);
  if (matcher.kind === "!~") return seriesMatching(source, matcher.name, matcher.regex as RegexMatcher);
  return source.postingsWhere(matcher.name, (value) => !matcher.matches(value), "");
}

function seriesMatching(source: PostingsSource, name: string, regex: RegexMatcher): Uint32Array {
  if (regex.setMatches !== null) return unite(regex.setMatches.map((value) => source.postings(name, value)));
  return source.postingsWhere(name, (value) => regex.matches(value), regex.prefix);
}

/** Ids in any of the sets, which have none in common. */
export function unite(sets: readonly Uint32Array[]): Uint32Array {
  const filled = sets.filter((set) => set.length > 0);
  if (filled.length === 1) return filled[0];
  const all = new Uint32Array(filled.reduce((sum, set) => sum + set.length, 0));
  let at = 0;
  for (const set of filled) {
    all.set(set, at);
    at += set.length;
  }
  return all.sort();
}

/** Ids in both sets. Strides through the longer one where the lengths differ much. */
export function intersect(a: Uint32Array, b: Uint32Array): Uint32Array {
  const [short, long] = a.length <= b.length ? [a, b] : [b, a];
  const out = new Uint32Array(short.length);
  const gallops = long.length > short.length * 16;
  let count = 0;
  let at = 0;
  for (let i = 0; i < short.length && at < long.length; i++) {
    const wanted = short[i];
    if (gallops) at = gallop(long, at, wanted);
    else while (at < long.length && long[at] < wanted) at++;
    if (at < long.length && long[at] === wanted) out[count++] = wanted;
  }
  return out.subarray(0, count);
}

/** Ids of `a` that are not in `b`. */
export function subtract(a: Uint32Array, b: Uint32Array): Uint32Array {
  const out = new Uint32Array(a.length);
  let count = 0;
  let at = 0;
  for (const id of a) {
    while (at < b.length && b[at] < id) at++;
    if (at === b.length || b[at] !== id) out[count++] = id;
  }
  return out.subarray(0, count);
}

/** The first index from `from` on whose id is not below `wanted`. */
function gallop(ids: Uint32Array, from: number, wanted: number): number {
  let stride = 1;
  while (from + stride < ids.length && ids[from + stride] < wanted) stride *= 2;
  let low = from + (stride >>> 1);
  let high = Math.min(from + stride, ids.length);
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ids[middle] < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}
