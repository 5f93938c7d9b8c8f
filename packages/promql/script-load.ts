/**
 * `load` commands of scripts: series into a storage, as the original's storage would give them back.
 *
 * Two things happen to histograms there. A counter reset hint is not stored with each of them but follows
 * from the chunk it lies in: within a chunk there is no reset, of a chunk's first histogram nobody knows. And
 * a staleness marker behind a histogram is one of a histogram, after which a new chunk starts.
 */

import { CounterResetHint } from "@narthex/model/counter-reset-hint";
import type { FloatHistogram } from "@narthex/model/float-histogram";
import { parseGoFloat } from "@narthex/model/go-float";
import { Histogram } from "@narthex/model/histogram";
import { sameBounds } from "@narthex/model/histogram-bounds";
import { Labels, metricNameLabel } from "@narthex/model/labels";
import { ClassicHistogram, classicSeriesName } from "@narthex/model/nhcb";
import type { MemoryStorage } from "@narthex/storage/memory-storage";
import type { LoadCommand, ScriptSeries } from "./script-commands.ts";

/** Times of one chunk lie in one of these; longer than most scripts. */
const chunkRangeMs = 86_400_000;

/** Stores the series of a command. Throws when a sample is not newer than what the series has. */
export function load(command: LoadCommand, storage: MemoryStorage): void {
  for (const series of lastOfEach(command.series)) loadSeries(series, command.stepMs, storage);
  if (!command.withCustomBuckets) return;
  for (const { labels, histograms } of customHistograms(command)) {
    const hints = new StoredHints();
    for (const [timeMs, histogram] of [...histograms].toSorted(([a], [b]) => a - b)) {
      const native = histogram.toNative();
      native.validate();
      const float = native instanceof Histogram ? native.toFloat() : native;
      storage.add(labels, timeMs, hints.stored(float, timeMs));
    }
  }
}

/** Of series with equal labels the last one counts. */
function lastOfEach(series: readonly ScriptSeries[]): Iterable<ScriptSeries> {
  return new Map(series.map((one) => [one.labels.toString(), one])).values();
}

function loadSeries(
  { labels, values, startOffsets }: ScriptSeries,
  stepMs: number,
  storage: MemoryStorage,
): void {
  const hints = new StoredHints();
  values.forEach((value, i) => {
    if (value === "none") return;
    const timeMs = i * stepMs;
    const offset = startOffsets?.[i] ?? null;
    const startMs = offset === null ? 0 : timeMs + offset;
    if (typeof value === "object") {
      storage.add(labels, timeMs, hints.stored(value.histogram, timeMs), startMs);
      return;
    }
    hints.endChunk();
    storage.add(labels, timeMs, value === "stale" ? null : value, startMs);
  });
}

/** Gives the histograms of one series the hints they come back with. */
class StoredHints {
  /** The histogram before, if it lies in the open chunk. */
  #previous: FloatHistogram | null = null;
  #chunkEndMs = 0;

  /** A sample of another kind stands between. */
  endChunk(): void {
    this.#previous = null;
  }

  /** A copy with the stored hint. */
  stored(histogram: FloatHistogram, timeMs: number): FloatHistogram {
    const copy = histogram.copy();
    if (histogram.counterResetHint === CounterResetHint.Gauge) {
      this.#previous = null;
      return copy;
    }
    const continues = timeMs < this.#chunkEndMs && this.#continues(histogram);
    if (!continues) this.#chunkEndMs = (Math.floor(timeMs / chunkRangeMs) + 1) * chunkRangeMs;
    copy.counterResetHint = continues ? CounterResetHint.NotReset : CounterResetHint.Unknown;
    this.#previous = copy;
    return copy;
  }

  /** Whether a histogram may lie in the chunk of the one before: same layout, and no counter went down. */
  #continues(histogram: FloatHistogram): boolean {
    const previous = this.#previous;
    if (previous === null || histogram.counterResetHint === CounterResetHint.Reset) return false;
    if (histogram.schema !== previous.schema || histogram.zeroThreshold !== previous.zeroThreshold)
      return false;
    if (!sameBounds(histogram.customValues, previous.customValues)) return false;
    const unhinted = histogram.copy();
    unhinted.counterResetHint = CounterResetHint.Unknown;
    return !unhinted.detectReset(previous);
  }
}

interface CustomSeries {
  readonly labels: Labels;
  /** By time. */
  readonly histograms: Map<number, ClassicHistogram>;
}

/** The classic histograms among the series, put together. */
function customHistograms({ series, stepMs }: LoadCommand): Iterable<CustomSeries> {
  const found = new Map<string, CustomSeries>();
  for (const { labels, values } of lastOfEach(series)) {
    const name = classicSeriesName(labels.get(metricNameLabel));
    const bound = name?.part === "bucket" ? boundOf(labels.get("le")) : 0;
    if (name === null || Number.isNaN(bound)) continue;
    const entries = [...labels.entries()].filter(([label]) => label !== "le");
    const base = Labels.from([...entries, [metricNameLabel, name.base]]);
    const key = base.toString();
    const custom = found.get(key) ?? { labels: base, histograms: new Map<number, ClassicHistogram>() };
    found.set(key, custom);
    values.forEach((value, i) => {
      if (typeof value !== "number") return;
      const histogram = custom.histograms.get(i * stepMs) ?? new ClassicHistogram();
      custom.histograms.set(i * stepMs, histogram);
      if (name.part === "bucket") histogram.addBucket(bound, value);
      else if (name.part === "count") histogram.setCount(value);
      else histogram.setSum(value);
    });
  }
  return found.values();
}

function boundOf(le: string): number {
  try {
    return parseGoFloat(le);
  } catch {
    return NaN; // no bucket of a histogram
  }
}
