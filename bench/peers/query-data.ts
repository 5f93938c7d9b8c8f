/**
 * The data of the query bench, series by series; the same options give the same samples. All of it is made
 * here, so that every contestant can be handed equal samples in the form it takes.
 *
 *   blocks  10,000 counters, 100 histograms of 11 buckets and 50 `up`, six hours at 30 seconds; 100 counters
 *           over 28 hours at 10 seconds. They end where the head begins.
 *   head    200,000 series of 200 pods, 80 samples at 30 seconds.
 */

import { SeededRandom } from "@narthex/platform/random";

/** Sizes that `--scale` divides. */
export interface QueryData {
  /** Counters in blocks: a multiple of 100. */
  readonly blockSeries: number;
  /** Pods in the head, 1000 series each. */
  readonly pods: number;
}

/** A series with samples at `startMs`, `startMs + intervalMs`, … */
export interface DataSeries {
  readonly labels: Readonly<Record<string, string>>;
  readonly startMs: number;
  readonly intervalMs: number;
  readonly values: Float64Array;
}

const hourMs = 3_600_000;
/** Where blocks end and the head begins: a multiple of two hours. */
export const boundaryMs = 1_735_689_600_000 + 30 * hourMs;
/** Hours before the boundary. */
export const blockHours = 6;
/** Milliseconds between samples, but for `bench_day_total`. */
export const intervalMs = 30_000;
/** Samples of a series in the head. */
export const headSamples = 80;
/** Milliseconds between samples of `bench_day_total`, and for how many hours it goes back. */
export const dayIntervalMs = 10_000;
const dayHours = 28;

const codes = ["200", "301", "404", "500", "503"];
const bounds = ["0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "5", "+Inf"];
const handlers = 20;

/** Series that are in blocks. */
export function* blockSeries({ blockSeries: count }: QueryData): Generator<DataSeries> {
  const random = new SeededRandom(1);
  const startMs = boundaryMs - blockHours * hourMs;
  const samples = (blockHours * hourMs) / intervalMs;
  for (let i = 0; i < count; i++) {
    const labels = {
      __name__: "bench_requests_total",
      code: codes[i % codes.length]!,
      handler: `/api/v1/items/${Math.floor(i / codes.length) % handlers}`,
      instance: `host-${Math.floor(i / codes.length / handlers)}:8080`,
    };
    yield { labels, startMs, intervalMs, values: counter(random, samples, 1 + random.next() * 500) };
  }
  for (let i = 0; i < 50; i++) {
    const labels = { __name__: "up", instance: `host-${i}:8080`, job: "bench" };
    yield { labels, startMs, intervalMs, values: new Float64Array(samples).fill(1) };
  }
  for (let i = 0; i < 100; i++) yield* histogram(random, i, startMs, samples);
  for (let i = 0; i < 100; i++) {
    const count = (dayHours * hourMs) / dayIntervalMs;
    yield {
      labels: { __name__: "bench_day_total", i: `${i}` },
      startMs: boundaryMs - dayHours * hourMs,
      intervalMs: dayIntervalMs,
      values: counter(random, count, 1 + random.next() * 50),
    };
  }
}

/** Series that are in the head: 20 metrics × 50 paths per pod, no path in two metrics. */
export function* headSeries({ pods }: QueryData): Generator<DataSeries> {
  const apps = ["web-a", "web-b", "api", "queue", "cache", "db", "cron", "edge"];
  for (let pod = 0; pod < pods; pod++) {
    const random = new SeededRandom(1000 + pod);
    const app = apps[pod % apps.length]!;
    for (let k = 0; k < 1000; k++) {
      const metric = k % 20;
      const labels = {
        __name__: `bench_pod_${metric}${metric % 2 === 0 ? "_total" : ""}`,
        app,
        instance: `10.0.${pod >> 6}.${pod & 63}:9100`,
        job: "node",
        ns: `ns-${pod % 20}`,
        path: `/v${k % 3}/thing/${k}`,
        pod: `${app}-${1000 + pod * 7}`,
        zone: `zone-${pod % 3}`,
      };
      yield { labels, startMs: boundaryMs, intervalMs, values: headValues(metric, random) };
    }
  }
}

/** Kinds of values as exporters have them: counters of whole and of broken numbers, constants, gauges. */
function headValues(metric: number, random: SeededRandom): Float64Array {
  if (metric % 2 === 0) {
    const values = counter(random, headSamples, 1 + random.next() * 300);
    return metric % 4 === 0 ? values : values.map((value) => Math.round(value * 37) / 100);
  }
  if (metric % 4 === 1) return new Float64Array(headSamples).fill(Math.floor(random.next() * 1000));
  return Float64Array.from({ length: headSamples }, () => Math.round(random.next() * 1e6) / 1000);
}

/** Whole numbers that rise; once in a while the process behind them starts anew. */
function counter(random: SeededRandom, count: number, pace: number): Float64Array {
  let value = 0;
  return Float64Array.from({ length: count }, () => {
    value = random.next() < 0.0005 ? 0 : value + Math.floor(random.next() * pace);
    return value;
  });
}

function* histogram(
  random: SeededRandom,
  index: number,
  startMs: number,
  samples: number,
): Generator<DataSeries> {
  const columns = bounds.map(() => new Float64Array(samples));
  const counts = new Float64Array(bounds.length);
  for (let s = 0; s < samples; s++) {
    for (let b = 0; b < bounds.length; b++) {
      counts[b]! += Math.floor(random.next() * 8);
      columns[b]![s] = counts.subarray(0, b + 1).reduce((sum, count) => sum + count, 0);
    }
  }
  for (const [b, le] of bounds.entries()) {
    const labels = { __name__: "bench_latency_seconds_bucket", instance: `host-${index}:8080`, le };
    yield { labels, startMs, intervalMs, values: columns[b]! };
  }
}
