/**
 * Parser of delimited protobuf: `io.prometheus.client.MetricFamily` messages, each with its length before it.
 *
 *   page → PROTOBUF PARSER → page-flattener, scrape
 *
 * Shows families as the text formats would: help, unit, type, then per metric its series. Of a histogram:
 *
 *   native parts, not ignored   → the native histogram; its classic series too with `keepsClassic`
 *   otherwise, `classicToNhcb`  → classic series with `keepsClassic`, then one with custom buckets
 *   otherwise                   → classic series: count, sum, buckets up to infinity
 */

import { DecodeError } from "@narthex/bytes/decode-error";
import { ProtobufReader } from "@narthex/bytes/protobuf-reader";
import { CounterResetHint } from "@narthex/model/counter-reset-hint";
import { FloatHistogram, type Span } from "@narthex/model/float-histogram";
import { Histogram } from "@narthex/model/histogram";
import { metricNameLabel, quoteGo } from "@narthex/model/labels";
import { ClassicHistogram, ClassicHistogramError } from "@narthex/model/nhcb";
import {
  ExpositionError,
  type Entry,
  type ExpositionParser,
  type MetricType,
  type PageExemplar,
  type ParserOptions,
} from "./exposition-parser.ts";
import { formatOpenMetricsValue } from "./go-number.ts";
import { decodeText, isUtf8 } from "./page-text.ts";
import { ProtobufMetric, type ProtobufHistogram } from "./protobuf-metric.ts";
import { addSchemaLabels, isSchemaLabel } from "./schema-labels.ts";

const types: readonly MetricType[] = [
  "counter",
  "gauge",
  "summary",
  "unknown",
  "histogram",
  "gaugehistogram",
];

/** What of a metric is shown: a family's line, its one value, a part of it by number, or the histogram. */
type Step = "help" | "unit" | "type" | "value" | "parts" | "histogram";

const countPart = -2;
const sumPart = -1;

/** Parses one page. See `ExpositionParser` for what its members promise. */
export class ProtobufParser implements ExpositionParser {
  value = 0;
  histogram: Histogram | FloatHistogram | null = null;
  family = "";
  text = "";
  metricType: MetricType = "unknown";
  readonly #page: Uint8Array;
  readonly #reader = new ProtobufReader();
  readonly #metric: ProtobufMetric;
  readonly #options: ParserOptions;
  #at = 0;
  #help = "";
  #unit = "";
  /** Bytes [start, end) of the family's metrics. */
  #metrics: number[] = [];
  #nextMetric = 0;
  /** What to show next, in order. */
  #steps: Step[] = [];
  /** Of a histogram or summary shown in parts: count, sum, then buckets or quantiles from 0. */
  #part = countPart;
  #isLastPart = true;
  #suffix = "";
  #boundName = "";
  #bound = "";

  constructor(page: Uint8Array, options: ParserOptions = {}) {
    this.#page = page;
    this.#options = options;
    this.#metric = new ProtobufMetric(page);
  }

  get timeMs(): number | null {
    return this.#metric.timeMs === 0 ? null : this.#metric.timeMs;
  }

  get startTimeMs(): number | null {
    const metric = this.#metric;
    const { metricType } = this;
    const isHistogram = metricType === "histogram" || metricType === "gaugehistogram";
    const startMs = isHistogram
      ? metric.histogram.startMs
      : metricType === "counter"
        ? metric.counterStartMs
        : metricType === "summary"
          ? metric.summaryStartMs
          : 0;
    return startMs === 0 ? null : startMs;
  }

  next(): Entry {
    try {
      return this.#next();
    } catch (cause) {
      if (cause instanceof DecodeError || cause instanceof ClassicHistogramError) {
        throw new ExpositionError(cause.message, { cause });
      }
      throw cause;
    }
  }

  labelPairs(): string[] {
    const pairs = [metricNameLabel, this.family + this.#suffix];
    const own = this.#metric.labelPairs;
    if (this.#options.typeAndUnitLabels === true) {
      addSchemaLabels(pairs, this.metricType, this.#unit);
      const added = pairs.slice();
      for (let i = 0; i < own.length; i += 2) {
        if (!isSchemaLabel(own[i], added)) pairs.push(own[i], own[i + 1]);
      }
    } else {
      for (const text of own) pairs.push(text);
    }
    if (this.#boundName !== "") pairs.push(this.#boundName, this.#bound);
    return pairs;
  }

  exemplars(): readonly PageExemplar[] {
    const { metricType } = this;
    const metric = this.#metric;
    if (metricType === "counter") return metric.counterExemplar === null ? [] : [metric.counterExemplar];
    if (metricType !== "histogram" && metricType !== "gaugehistogram") return [];
    const { buckets, exemplars } = metric.histogram;
    if (this.histogram === null) {
      const exemplar = buckets[this.#part]?.exemplar ?? null;
      return exemplar === null ? [] : [exemplar];
    }
    if (exemplars.length > 0) return exemplars.filter(({ timeMs }) => timeMs !== null);
    return buckets.flatMap(({ exemplar }) =>
      exemplar === null || exemplar.timeMs === null ? [] : [exemplar],
    );
  }

  #next(): Entry {
    this.histogram = null;
    while (this.#steps.length === 0) {
      if (this.#nextMetric < this.#metrics.length) this.#readMetric();
      else if (!this.#readFamily()) return "end";
    }
    const step = this.#steps[0];
    if (step !== "parts") this.#steps.shift(); // of parts, the last one ends the step
    switch (step) {
      case "help":
        this.text = this.#help;
        return "help";
      case "unit":
        this.text = this.#unit;
        return "unit";
      case "type":
        this.text = this.metricType;
        if (this.#steps.length === 0) this.#plan();
        return "type";
      case "value":
        this.#metric.readLabels();
        this.#suffix = this.#boundName = "";
        this.value = this.#plainValue();
        return "series";
      case "parts":
        this.#showPart();
        return "series";
      case "histogram":
        this.#metric.readLabels();
        this.#suffix = this.#boundName = "";
        this.histogram = this.#nativeHistogram();
        return "histogram";
    }
  }

  /** Goes to the next family that has metrics; false at the end of the page. */
  #readFamily(): boolean {
    if (this.#at >= this.#page.length) return false;
    const end = this.#messageEnd();
    const reader = this.#reader;
    reader.assign(this.#page, this.#at, end);
    let [nameStart, nameEnd, helpStart, helpEnd, type] = [0, 0, 0, 0, 0];
    this.#unit = "";
    this.#metrics = [];
    this.#nextMetric = 0;
    while (reader.next("MetricFamily")) {
      switch (reader.field) {
        case 1:
          nameEnd = reader.bytesEnd("Name");
          nameStart = reader.at;
          reader.at = nameEnd;
          break;
        case 2:
          helpEnd = reader.bytesEnd("Help");
          helpStart = reader.at;
          reader.at = helpEnd;
          break;
        case 3:
          type = reader.int32("Type");
          break;
        case 4: {
          const metricEnd = reader.bytesEnd("Metric");
          this.#metrics.push(reader.at, metricEnd);
          reader.at = metricEnd;
          break;
        }
        case 5: {
          const unitEnd = reader.bytesEnd("Unit");
          this.#unit = decodeText(this.#page, reader.at, unitEnd);
          reader.at = unitEnd;
          break;
        }
        default:
          reader.skip();
      }
    }
    this.#at = end;
    if (this.#metrics.length === 0) return true;
    this.#takeMetric();
    this.family = decodeText(this.#page, nameStart, nameEnd);
    if (nameStart === nameEnd || !isUtf8(this.#page, nameStart, nameEnd)) {
      throw new ExpositionError(`invalid metric name: ${this.family}`);
    }
    this.#help = decodeText(this.#page, helpStart, helpEnd);
    if (!isUtf8(this.#page, helpStart, helpEnd)) {
      throw new ExpositionError(`invalid help for metric ${quoteGo(this.family)}: ${this.#help}`);
    }
    const known = types[type];
    if (known === undefined) {
      throw new ExpositionError(`unknown metric type for metric ${quoteGo(this.family)}: ${type}`);
    }
    this.metricType = known;
    this.#steps = this.#unit === "" ? ["help", "type"] : ["help", "unit", "type"];
    return true;
  }

  /** Reads the length before a family; returns where the family ends. */
  #messageEnd(): number {
    const page = this.#page;
    let length = 0;
    let at = this.#at;
    for (let shift = 1; ; shift *= 128) {
      if (at >= page.length || at - this.#at >= 5) {
        throw new ExpositionError("clientpb: invalid varint encountered");
      }
      const byte = page[at++];
      length += (byte & 127) * shift;
      if (byte < 128) break;
    }
    const got = page.length - this.#at;
    const want = at - this.#at + length;
    if (want > got) {
      throw new ExpositionError(
        `clientpb: insufficient length of buffer, expected at least ${want} bytes, got ${got} bytes`,
      );
    }
    const end = this.#at + want;
    this.#at = at;
    return end;
  }

  #readMetric(): void {
    this.#takeMetric();
    this.#plan();
  }

  #takeMetric(): void {
    const { [this.#nextMetric]: start, [this.#nextMetric + 1]: end } = this.#metrics;
    this.#nextMetric += 2;
    this.#metric.read(start, end);
  }

  /** Decides what to show of the metric. */
  #plan(): void {
    const { metricType } = this;
    this.#part = countPart - 1;
    this.#isLastPart = false;
    if (metricType === "summary") {
      this.#steps = ["parts"];
    } else if (metricType === "histogram" || metricType === "gaugehistogram") {
      const { histogram } = this.#metric;
      const { ignoresNative, classicToNhcb, keepsClassic } = this.#options;
      if (ignoresNative !== true && histogram.isNative) {
        this.#checkSpans(histogram);
        const both = keepsClassic === true && histogram.buckets.length > 0;
        this.#steps = both ? ["histogram", "parts"] : ["histogram"];
      } else if (classicToNhcb === true) {
        this.#steps = keepsClassic === true ? ["parts", "histogram"] : ["histogram"];
      } else {
        this.#steps = ["parts"];
      }
    } else {
      this.#steps = ["value"];
    }
  }

  #plainValue(): number {
    const metric = this.#metric;
    if (this.metricType === "counter") return metric.counter;
    return this.metricType === "gauge" ? metric.gauge : metric.untyped;
  }

  #showPart(): void {
    this.#part++;
    if (this.#part === countPart) this.#metric.readLabels();
    this.#boundName = this.#bound = "";
    this.#suffix = this.#part === countPart ? "_count" : this.#part === sumPart ? "_sum" : "";
    if (this.metricType === "summary") this.#showSummaryPart();
    else this.#showHistogramPart();
    if (this.#isLastPart) this.#steps.shift();
  }

  #showSummaryPart(): void {
    const { summaryCount, summarySum, quantiles } = this.#metric;
    this.#isLastPart = this.#part === quantiles.length - 1;
    if (this.#part === countPart) {
      this.value = summaryCount;
    } else if (this.#part === sumPart) {
      this.value = summarySum;
    } else {
      const { quantile, value } = quantiles[this.#part];
      this.#boundName = "quantile";
      this.#bound = formatOpenMetricsValue(quantile);
      this.value = value;
    }
  }

  #showHistogramPart(): void {
    const { histogram } = this.#metric;
    this.#isLastPart = false;
    if (this.#part === countPart) {
      this.value = histogram.anyCount;
    } else if (this.#part === sumPart) {
      this.value = histogram.sum;
    } else {
      const { bound, count, floatCount } = histogram.buckets[this.#part] ?? {
        bound: Infinity,
        count: histogram.anyCount,
        floatCount: 0,
      };
      this.#suffix = "_bucket";
      this.#boundName = "le";
      this.#bound = formatOpenMetricsValue(bound);
      this.value = floatCount === 0 ? count : floatCount;
      this.#isLastPart = bound === Infinity;
    }
  }

  #nativeHistogram(): Histogram | FloatHistogram {
    const read = this.#metric.histogram;
    const isGauge = this.metricType === "gaugehistogram";
    const counterResetHint = isGauge ? CounterResetHint.Gauge : CounterResetHint.Unknown;
    if (this.#options.ignoresNative === true || !read.isNative) {
      const made = this.#fromClassic(read);
      made.counterResetHint = counterResetHint;
      return made;
    }
    const { schema, sum, zeroThreshold, positiveSpans, negativeSpans } = read;
    const fields = { counterResetHint, schema, sum, zeroThreshold, positiveSpans, negativeSpans };
    if (read.isFloat) {
      return FloatHistogram.of({
        ...fields,
        count: read.floatCount,
        zeroCount: read.zeroFloatCount,
        positiveBuckets: read.positiveCounts,
        negativeBuckets: read.negativeCounts,
      }).compact(0);
    }
    return Histogram.of({
      ...fields,
      count: read.count,
      zeroCount: read.zeroCount,
      positiveBuckets: read.positiveDeltas,
      negativeBuckets: read.negativeDeltas,
    }).compact(0);
  }

  #fromClassic(read: ProtobufHistogram): Histogram | FloatHistogram {
    const classic = new ClassicHistogram();
    classic.setCount(read.anyCount);
    classic.setSum(read.sum);
    for (const { bound, count, floatCount } of read.buckets) {
      classic.addBucket(bound, floatCount === 0 ? count : floatCount);
    }
    return classic.toNative();
  }

  #checkSpans(read: ProtobufHistogram): void {
    const { isFloat, positiveSpans, negativeSpans } = read;
    const positive = isFloat ? read.positiveCounts : read.positiveDeltas;
    const negative = isFloat ? read.negativeCounts : read.negativeDeltas;
    this.#checkSide("positive", positiveSpans, positive.length);
    this.#checkSide("negative", negativeSpans, negative.length);
  }

  #checkSide(side: string, spans: readonly Span[], have: number): void {
    const need = spans.reduce((sum, { length }) => sum + length, 0);
    if (need === have) return;
    const what = `${side} side: spans require ${need} buckets, have ${have}`;
    throw new ExpositionError(`histogram ${quoteGo(this.family)}: ${what}`);
  }
}
