/**
 * Random queries of the experimental parts of the language, and data that they are about: start timestamps,
 * info series, buckets. For property tests.
 */

import { compareLabels, Labels } from "@narthex/model/labels";
import type { SeededRandom } from "@narthex/platform/random";
import type { ReferenceSample, ReferenceSeries } from "./reference.ts";

const intervalMs = 15_000;

/** Counters with start timestamps, gauges, info series that change, buckets. In label order. */
export function randomExperimentalSeries(random: SeededRandom, count: number): ReferenceSeries[] {
  const series: ReferenceSeries[] = [];
  const add = (labels: Record<string, string>, samples: ReferenceSample[]): void => {
    if (samples.length > 0) series.push({ labels: Labels.fromObject(labels), samples });
  };
  for (const instance of ["a", "b", "c.d"]) {
    for (const job of ["1", "2"]) {
      const target = { instance, job };
      add({ __name__: "c_total", ...target }, counterSamples(random, count));
      add({ __name__: "g", ...target }, gaugeSamples(random, 0, count));
      const change = random.below(count);
      add({ __name__: "target_info", ...target, v: "1", os: "x" }, infoSamples(random, 0, change));
      add({ __name__: "target_info", ...target, v: "2" }, infoSamples(random, change, count));
      if (random.below(2) === 0) {
        add({ __name__: "build_info", ...target, b: "7" }, infoSamples(random, 0, count));
      }
    }
  }
  for (const le of ["0.5", "1", "+Inf"]) {
    add({ __name__: "h_bucket", job: "1", le }, counterSamples(random, count));
  }
  return series.toSorted((a, b) => compareLabels(a.labels, b.labels));
}

function counterSamples(random: SeededRandom, count: number): ReferenceSample[] {
  const samples: ReferenceSample[] = [];
  const kind = random.below(3); // no starts · each sample its own · since the last reset
  let [value, since, previousMs] = [random.below(100), 1, 0];
  for (let s = 0; s < count; s++) {
    const timeMs = s * intervalMs + random.below(3000);
    if (random.below(12) === 0) continue;
    const isReset = random.below(15) === 0;
    value = isReset ? random.below(200) : value + random.below(50);
    if (isReset) since = previousMs + 1 + random.below(timeMs - previousMs);
    const startMs = [0, previousMs, random.below(20) === 0 ? random.below(timeMs + 9) : since][kind];
    samples.push({ timeMs, value: random.below(40) === 0 ? null : value, startMs });
    previousMs = timeMs;
  }
  return samples;
}

function gaugeSamples(random: SeededRandom, from: number, until: number): ReferenceSample[] {
  const samples: ReferenceSample[] = [];
  for (let s = from; s < until; s++) {
    if (random.below(6) === 0) continue;
    const value = random.below(30) === 0 ? null : (random.below(2000) - 1000) / 4;
    samples.push({ timeMs: s * intervalMs, value });
  }
  return samples;
}

function infoSamples(random: SeededRandom, from: number, until: number): ReferenceSample[] {
  const samples: ReferenceSample[] = [];
  for (let s = from; s < until; s++) {
    if (random.below(3) > 0) samples.push({ timeMs: s * intervalMs + (from === 0 ? 0 : 1), value: 1 });
  }
  return samples;
}

/** A query for an instant vector that has at least one experimental part. */
export function randomExperimentalQuery(random: SeededRandom): string {
  return new Writer(random).query();
}

class Writer {
  readonly #random: SeededRandom;

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  query(): string {
    const part = this.#part();
    return this.#one([
      part,
      part,
      `sum by (job) (${part})`,
      `-(${part})`,
      `(${part}) + on (instance, job) group_left () (g)`,
      `max_over_time((${part})[2m:${this.#duration()}])`,
      `(${part}) * ${this.#scalar()}`,
    ]);
  }

  #part(): string {
    return this.#one([
      () => this.#extended(),
      () => this.#extended(),
      () => `${this.#selector()} ${this.#modifiers("smoothed")}`,
      () => `${this.#one(["rate", "increase", "irate", "resets"])}(c_total[${this.#range()}])`,
      () =>
        `limit_ratio${this.#one(["", " by (job)"])}(${this.#one(["0.3", "-0.6", "1"])}, ${this.#vector()})`,
      // An input pinned by @ would be evaluated once, and with it the ratio, as in the original.
      () => `limit_ratio(time() % 7 / 7, ${this.#selector()})`,
      () => this.#info(),
      () => this.#info(),
      () => `start_timestamp(${this.#selector()}${this.#modifiers("")})`,
      () => `histogram_quantiles(h_bucket, "q", 0.5, ${this.#one(["0.9", "time() % 2 / 3"])})`,
      () => `sum_over_time(${this.#selector()}[${this.#range()}] offset ${this.#offset()})`,
      () => `last_over_time((${this.#vector()})[${this.#range()}:${this.#duration()}])`,
    ])();
  }

  #extended(): string {
    const [names, kind] = this.#one([
      [["rate", "increase", "delta", "changes", "resets"], "anchored"],
      [["rate", "increase", "delta"], "smoothed"],
    ] as const);
    return `${this.#one(names)}(${this.#selector()}[${this.#range()}] ${this.#modifiers(kind)})`;
  }

  #info(): string {
    const matchers = this.#one([
      "",
      "",
      ', {v="1"}',
      ', {os=~".+"}',
      ', {v=~".*"}',
      ', {__name__="build_info"}',
      ', {__name__=~".+_info"}',
      ', {__name__!="target_info", b=~".+"}',
    ]);
    return `info(${this.#vector()}${matchers})`;
  }

  #vector(): string {
    return this.#one([
      () => `${this.#selector()}${this.#modifiers("")}`,
      () => `-${this.#selector()}`,
      () => "target_info",
      () => `rate(c_total[${this.#range()}])`,
      () => `last_over_time((g offset 1m)[5m:1m]${this.#one(["", " @ 400", " offset 30s"])})`,
    ])();
  }

  #selector(): string {
    return this.#one(["c_total", "g", 'g{job="1"}', 'c_total{instance!="a"}']);
  }

  /** Modifiers in any order. */
  #modifiers(extension: string): string {
    const at = this.#one(["", "", "", " @ 700", " @ start()", " @ end()"]);
    const offset = this.#one(["", "", " offset 1m", " offset -20s", ` offset ${this.#offset()}`]);
    return this.#random.below(2) === 0 ? `${extension}${at}${offset}` : `${offset}${at} ${extension}`;
  }

  #offset(): string {
    return this.#one(["step()", "(step() - 30s)", "min_of(range(), 1m)", "(-range() / 4)"]);
  }

  #range(): string {
    return this.#one(["1m", "5m", "max_of(step(), 1m)", "45s * 2", "1m + range() / 10"]);
  }

  #duration(): string {
    return this.#one(["15s", "1m", "max_of(step(), 20s)", "10s + 5s"]);
  }

  #scalar(): string {
    return this.#one(["start()", "end()", "step()", "range()", "max_of(time(), 900)", "min_of(3, step())"]);
  }

  #one<T>(choices: readonly T[]): T {
    return choices[this.#random.below(choices.length)];
  }
}
