/**
 * Reads the head from any thread: resolves matchers to refs, refs to labels. Samples are read by
 * head-querier.ts.
 *
 * The caller is inside an epoch (kernel/epochs.ts) from before the first call until it has dropped every
 * result that holds addresses.
 */

import type { Arena } from "@narthex/kernel/arena";
import { loadKernels, type Kernels } from "@narthex/kernel/load";
import type { LabelMatcher } from "@narthex/model/label-matcher";
import { Scratch } from "@narthex/kernel/scratch";
import type { QuerySymbols } from "@narthex/storage/query-symbols";
import { HeadLabels } from "./head-labels.ts";
import { PostingsReader } from "./head-postings.ts";
import { root, series, seriesSegmentShift } from "./head-layout.ts";
import { SymbolReader } from "./head-symbols.ts";
import { intersectRuns, noRuns, subtractRuns, uniteRuns, type Runs } from "./postings.ts";

/** Values that a pattern may be tried on when it has to be quick. */
const quickValues = 1_000;

/** The head as one thread sees it. */
export class HeadReader {
  readonly arena: Arena;
  readonly kernels: Kernels;
  readonly rootAt: number;
  readonly symbols: SymbolReader;
  readonly postings: PostingsReader;
  /** Scratches that no querier has. */
  readonly #scratches: Scratch[] = [];
  #labels: HeadLabels | null = null;

  /** `rootAt` is what `Head.rootAt` says on the main thread. */
  constructor(arena: Arena, rootAt: number) {
    arena.cover(rootAt + root.bytes);
    this.arena = arena;
    this.kernels = loadKernels(arena);
    this.rootAt = rootAt;
    this.symbols = new SymbolReader(arena, this.kernels, rootAt);
    this.postings = new PostingsReader(arena, rootAt);
  }

  /** Memory for a querier's snapshots; goes back by `giveScratch`. */
  takeScratch(): Scratch {
    return this.#scratches.pop() ?? new Scratch(this.arena);
  }

  giveScratch(scratch: Scratch): void {
    scratch.reset();
    this.#scratches.push(scratch);
  }

  /** The translation to ids of `symbols`; the last one asked for is remembered. */
  labelsFor(symbols: QuerySymbols): HeadLabels {
    if (this.#labels?.target !== symbols) this.#labels = new HeadLabels(this, symbols, this.#labels);
    return this.#labels;
  }

  /** The last finished commit: a reader that starts now sees it and none later. */
  get commit(): number {
    return Atomics.load(this.arena.i32, (this.rootAt + root.commit) >>> 2) >>> 0;
  }

  /** Time of the oldest sample, +Infinity when there is none. */
  get minTimeMs(): number {
    return Math.max(this.#number(root.minTime), this.#number(root.floorTime));
  }

  /** Time of the newest sample, -Infinity when there is none. */
  get maxTimeMs(): number {
    return this.#number(root.maxTime);
  }

  /** Samples before this time are in blocks, even if the head still has them. */
  get floorTimeMs(): number {
    return this.#number(root.floorTime);
  }

  #number(offset: number): number {
    return this.arena.f64[(this.rootAt + offset) >>> 3];
  }

  /** The address of a series' record, 0 when it is gone. */
  recordOf(ref: number): number {
    const words = this.arena.u32;
    const directory = words[(this.rootAt + root.directory) >>> 2];
    const segment = words[(directory >>> 2) + (ref >>> seriesSegmentShift)];
    if (segment === 0) return 0;
    const record = segment + (ref & ((1 << seriesSegmentShift) - 1)) * series.bytes;
    return words[(record + series.ref) >>> 2] === ref ? record : 0;
  }

  /** Series that satisfy all matchers. */
  select(matchers: readonly LabelMatcher[]): Runs {
    const wanted = matchers.filter((matcher) => !matcher.matches(""));
    const excluding = matchers.filter((matcher) => matcher.matches(""));
    let found: Runs | null = null;
    for (const matcher of wanted) {
      const runs = this.#matching(matcher);
      found = found === null ? runs : intersectRuns(found, runs);
      if (found.length === 0) return noRuns;
    }
    found ??= this.postings.runsOf(this.postings.all);
    for (const matcher of excluding) {
      if (found.length === 0) break;
      found = subtractRuns(found, this.#notMatching(matcher));
    }
    return found;
  }

  /** The most series that matchers can find, Infinity when that is not quickly said. */
  seriesBound(matchers: readonly LabelMatcher[]): number {
    let bound = Infinity;
    for (const { name, kind, value } of matchers) {
      const nameId = this.symbols.find(name);
      if (kind === "=" && value !== "") {
        const valueId = nameId < 0 ? -1 : this.symbols.find(value);
        const entry = valueId < 0 ? 0 : this.postings.find(nameId, valueId);
        bound = Math.min(bound, entry === 0 ? 0 : this.postings.seriesOf(entry));
      } else if (nameId >= 0 && !this.#hasFewValues(this.postings.find(nameId, 0))) return Infinity;
    }
    return bound;
  }

  #hasFewValues(nameEntry: number): boolean {
    let count = 0;
    for (const _ of this.postings.valuesOf(nameEntry)) if (++count > quickValues) return false;
    return true;
  }

  /** Series whose label satisfies a matcher that the empty value does not satisfy. */
  #matching(matcher: LabelMatcher): Runs {
    const { postings, symbols } = this;
    const nameId = symbols.find(matcher.name);
    if (nameId < 0) return noRuns;
    const listed = matcher.kind === "=" ? [matcher.value] : setOf(matcher);
    if (listed !== null) {
      const ids = listed.map((value) => symbols.find(value)).filter((id) => id > 0);
      return uniteRuns(ids.map((id) => postings.runsOf(postings.find(nameId, id))));
    }
    const nameEntry = postings.find(nameId, 0);
    if (matcher.kind === "!=" && matcher.value === "") return postings.runsOf(nameEntry);
    const sets: Runs[] = [];
    for (const entry of postings.valuesOf(nameEntry)) {
      if (matcher.matches(symbols.text(postings.valueOf(entry)))) sets.push(postings.runsOf(entry));
    }
    return uniteRuns(sets);
  }

  /** Series whose label has a value that the matcher refuses. */
  #notMatching(matcher: LabelMatcher): Runs {
    const { postings, symbols } = this;
    const nameId = symbols.find(matcher.name);
    if (nameId < 0) return noRuns;
    if (matcher.kind === "!=") {
      const valueId = symbols.find(matcher.value);
      return valueId < 0 ? noRuns : postings.runsOf(postings.find(nameId, valueId));
    }
    const nameEntry = postings.find(nameId, 0);
    if (matcher.kind === "=" && matcher.value === "") return postings.runsOf(nameEntry);
    const sets: Runs[] = [];
    for (const entry of postings.valuesOf(nameEntry)) {
      if (!matcher.matches(symbols.text(postings.valueOf(entry)))) sets.push(postings.runsOf(entry));
    }
    return uniteRuns(sets);
  }
}

/** The values of a pattern that is a plain list of values, null for any other. */
function setOf(matcher: LabelMatcher): readonly string[] | null {
  return matcher.kind === "=~" ? (matcher.regex?.setMatches ?? null) : null;
}
