/**
 * Random data and random well-typed queries over it, for the property tests. Values are small integers and
 * dyadic fractions, so that different orders of addition give equal results.
 */

import { compareLabels, Labels } from "@narthex/model/labels";
import type { SeededRandom } from "@narthex/platform/random";
import type { ReferenceSample, ReferenceSeries } from "./reference.ts";

const intervalMs = 15_000;

/** Counters, gauges with NaN and infinities, buckets; with gaps and staleness markers. In label order. */
export function randomSeries(random: SeededRandom, samples: number): ReferenceSeries[] {
  const series: ReferenceSeries[] = [];
  for (const job of ["a", "b"]) {
    for (const i of ["0", "1", "2"]) {
      if (random.below(6) === 0) continue;
      series.push({
        labels: Labels.fromObject({ __name__: "c_total", i, job }),
        samples: randomSamples(random, samples, counter(random)),
      });
      if (random.below(6) === 0) continue;
      series.push({
        labels: Labels.fromObject({ __name__: "g", i, job }),
        samples: randomSamples(random, samples, gauge(random)),
      });
    }
    for (const le of ["0.5", "1", "5", "+Inf"]) {
      series.push({
        labels: Labels.fromObject({ __name__: "h_bucket", job, le }),
        samples: randomSamples(random, samples, counter(random)),
      });
    }
  }
  return series.toSorted((a, b) => compareLabels(a.labels, b.labels));
}

function randomSamples(random: SeededRandom, count: number, next: () => number): ReferenceSample[] {
  const samples: ReferenceSample[] = [];
  const jitter = random.below(2) === 0 ? 0 : 4000;
  let gap = 0;
  for (let s = 0; s < count; s++) {
    if (gap === 0 && random.below(40) === 0) gap = 1 + random.below(30);
    if (gap > 0) {
      gap--;
      continue;
    }
    const timeMs = s * intervalMs + random.below(jitter + 1);
    samples.push({ timeMs, value: random.below(30) === 0 ? null : next() });
  }
  return samples;
}

function counter(random: SeededRandom): () => number {
  let value = random.below(100);
  return () => (value = random.below(25) === 0 ? random.below(10) : value + random.below(50));
}

function gauge(random: SeededRandom): () => number {
  const special = random.below(3) === 0;
  return () => {
    if (special && random.below(12) === 0) return [NaN, Infinity, -Infinity][random.below(3)];
    return (random.below(2000) - 1000) / 4;
  };
}

/** What queries are made of. */
interface Vocabulary {
  readonly selectors: readonly string[];
  readonly rangeSelectors: readonly string[];
  readonly buckets: readonly string[];
  readonly mapNames: readonly string[];
  /** Operators between a vector and a scalar, and between vectors. */
  readonly scalarOps: readonly string[];
  readonly vectorOps: readonly string[];
  /** An aggregation that chooses k elements, maybe by their order: that of a selector is known. */
  readonly firstK: string;
}

/** A query for an instant vector (rarely a scalar), with parts nested up to `depth`. */
export function randomQuery(random: SeededRandom, depth: number): string {
  return new QueryWriter(random, floatVocabulary).vector(depth);
}

/** As `randomQuery`, over the series of `randomHistogramSeries` too. */
export function randomHistogramQuery(random: SeededRandom, depth: number): string {
  return new QueryWriter(random, histogramVocabulary).vector(depth);
}

const mapNames = [
  "abs",
  "ceil",
  "floor",
  "sgn",
  "sqrt",
  "exp",
  "hour",
  "day_of_year",
  "timestamp",
  "sort",
  "deg",
];
const rangeNames = [
  "rate",
  "increase",
  "delta",
  "irate",
  "idelta",
  "sum_over_time",
  "avg_over_time",
  "max_over_time",
  "min_over_time",
  "count_over_time",
  "last_over_time",
  "first_over_time",
  "present_over_time",
  "stdvar_over_time",
  "stddev_over_time",
  "changes",
  "resets",
  "deriv",
  "absent_over_time",
];
const aggregations = ["sum", "avg", "min", "max", "count", "group", "stddev", "stdvar"];

const scalarOps = ["+", "-", "*", "/", "%", "^", "==", "!=", "<", ">=", "> bool", "<= bool"];
const vectorOps = ["+", "-", "*", "/", "%", "==", "!=", "<", ">=", "> bool", "== bool"];

const floatVocabulary: Vocabulary = {
  selectors: ["c_total", "g", "c_total", "g", "h_bucket"],
  rangeSelectors: ["c_total", "g", 'g{job="a"}'],
  buckets: ["h_bucket", "rate(h_bucket[5m])", "sum by (le) (h_bucket)", "h_bucket offset 1m"],
  mapNames,
  scalarOps,
  vectorOps,
  firstK: "topk",
};

const histogramNames = [
  "histogram_count",
  "histogram_sum",
  "histogram_avg",
  "histogram_stdvar",
  "histogram_stddev",
];

const histogramVocabulary: Vocabulary = {
  selectors: ["n", "n", "n", 'n{i="0"}', "g", "h_bucket", "c_total"],
  rangeSelectors: ["n", "n", 'n{job="a"}', 'n{i=~"0|1"}', "g"],
  buckets: ["n", "n", "rate(n[5m])", "sum by (job) (n)", "h_bucket", "n or h_bucket"],
  mapNames: [...mapNames, ...histogramNames, ...histogramNames],
  scalarOps: [...scalarOps, "*", "/", "</", ">/"],
  vectorOps: [...vectorOps, "+", "-", "+", "-"],
  firstK: "limitk",
};

class QueryWriter {
  readonly #random: SeededRandom;
  readonly #words: Vocabulary;

  constructor(random: SeededRandom, words: Vocabulary) {
    this.#random = random;
    this.#words = words;
  }

  vector(depth: number): string {
    if (depth === 0) return this.#selector();
    const choices = [
      () => this.#selector(),
      () => `${this.#one(this.#words.mapNames)}(${this.vector(depth - 1)})`,
      () => `${this.#one(rangeNames)}(${this.#range(depth - 1)})`,
      () => this.#withParam(depth),
      () => `${this.#one(aggregations)}${this.#grouping()}(${this.vector(depth - 1)})`,
      () => this.#paramAggregation(depth),
      () => this.#vectorBinary(depth),
      () => this.#scalarBinary(depth),
      () => `-(${this.vector(depth - 1)})`,
      () => this.#labels(depth),
      () => `absent(${this.vector(depth - 1)})`,
      () => `vector(${this.scalar(depth - 1)})`,
      () => `histogram_quantile(${this.#one(["0.5", "0.9", "1", "-1"])}, ${this.#bucketVector()})`,
      () => `histogram_fraction(${this.#one(["0", "-1", "0.7"])}, 2, ${this.#bucketVector()})`,
    ];
    return this.#one(choices)();
  }

  scalar(depth: number): string {
    return this.#one([
      () => String(this.#random.below(20) - 5),
      () => "time()",
      () => (depth === 0 ? "2" : `scalar(${this.vector(depth - 1)})`),
      () => "0.5",
    ])();
  }

  #one<T>(choices: readonly T[]): T {
    return choices[this.#random.below(choices.length)];
  }

  #selector(): string {
    const matchers = this.#one(["", "", '{job="a"}', '{i=~"0|1"}', '{job!="b",i="0"}']);
    const selector = this.#one(this.#words.selectors);
    return `${selector}${selector.endsWith("}") ? "" : matchers}${this.#modifier()}`;
  }

  #modifier(): string {
    const time = this.#random.below(1500);
    return this.#one([
      "",
      "",
      "",
      "",
      " offset 1m",
      " offset -30s",
      ` @ ${time}`,
      " @ start()",
      ` offset 1m @ ${time}`,
    ]);
  }

  #range(depth: number): string {
    const duration = this.#one(["30s", "1m", "5m", "7m30s"]);
    if (depth > 0 && this.#random.below(4) === 0) {
      const step = this.#one(["", "15s", "20s", "1m"]);
      return `(${this.vector(depth - 1)})[${duration}:${step}]${this.#modifier()}`;
    }
    return `${this.#one(this.#words.rangeSelectors)}[${duration}]${this.#modifier()}`;
  }

  #withParam(depth: number): string {
    return this.#one([
      () => `clamp(${this.vector(depth - 1)}, ${this.scalar(0)}, ${this.scalar(0)})`,
      () => `clamp_min(${this.vector(depth - 1)}, ${this.scalar(depth - 1)})`,
      () => `round(${this.vector(depth - 1)}, ${this.#one(["5", "0.5"])})`,
      () => `quantile_over_time(${this.#one(["0.5", "0.99"])}, ${this.#range(depth - 1)})`,
      () => `predict_linear(${this.#range(depth - 1)}, ${this.#one(["60", "3600"])})`,
    ])();
  }

  #grouping(): string {
    return this.#one(["", " by (job)", " by (i)", " without (i)", " without (job, le)", " by (job, i)"]);
  }

  #paramAggregation(depth: number): string {
    return this.#one([
      () => `topk${this.#grouping()}(${this.#one(["1", "2", "7"])}, ${this.vector(depth - 1)})`,
      () => `${this.#words.firstK}${this.#grouping()}(${this.#one(["1", "2"])}, ${this.#selector()})`,
      () => `bottomk${this.#grouping()}(${this.#one(["1", "3"])}, ${this.vector(depth - 1)})`,
      () => `quantile${this.#grouping()}(${this.#one(["0.25", "0.9"])}, ${this.vector(depth - 1)})`,
      () => `count_values${this.#grouping()}("v", ${this.vector(depth - 1)})`,
    ])();
  }

  #vectorBinary(depth: number): string {
    const [left, right] = [this.vector(depth - 1), this.vector(depth - 1)];
    if (this.#random.below(3) === 0) {
      const op = this.#one(["and", "or", "unless"]);
      return `(${left}) ${op}${this.#one(["", " on (job)", " ignoring (i)"])} (${right})`;
    }
    const op = this.#one(this.#words.vectorOps);
    return this.#one([
      () => `(${left}) ${op} (${right})`,
      () => `(${left}) ${op} on (job, i) (${right})`,
      () => `(${left}) ${op} on (job) group_left () sum by (job) (${right})`,
      () => `max by (job) (${left}) ${op} on (job) group_right () (${right})`,
      () => `sum by (i) (${left}) ${op} ignoring (job) (${right})`,
    ])();
  }

  #scalarBinary(depth: number): string {
    const op = this.#one(this.#words.scalarOps);
    const [vector, scalar] = [this.vector(depth - 1), this.scalar(depth - 1)];
    return this.#random.below(2) === 0 ? `(${vector}) ${op} ${scalar}` : `${scalar} ${op} (${vector})`;
  }

  #labels(depth: number): string {
    const input = this.vector(depth - 1);
    return this.#one([
      () => `label_replace(${input}, "x", "$1-y", "job", "(.*)")`,
      () => `label_replace(${input}, "i", "", "job", "a")`,
      () => `label_join(${input}, "x", "/", "job", "i")`,
    ])();
  }

  #bucketVector(): string {
    return this.#one(this.#words.buckets);
  }
}
