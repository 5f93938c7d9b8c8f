/**
 * Histograms as text: as logs and answers show them, and in the notation of test scripts.
 */

import { CounterResetHint } from "../counter-reset-hint.ts";
import { formatGoG } from "../go-float.ts";
import { bucketText, type Bucket } from "./buckets.ts";
import { compactSide, type Span } from "./bucket-side.ts";
import type { HistogramFields } from "./fields.ts";
import { isCustomBucketsSchema } from "../histogram-schema.ts";

/** What the text is made of. */
interface TextParts {
  readonly count: number;
  readonly sum: number;
  /** Going down from zero. */
  readonly negative: Iterable<Bucket>;
  readonly zero: Bucket | null;
  /** Going up from zero. */
  readonly positive: Iterable<Bucket>;
  /** How counts are written. */
  readonly format: (count: number) => string;
}

/** `{count:2, sum:3, [-1,1]:1, (1,2]:1}`: the filled buckets from lowest to highest. */
export function histogramText({ count, sum, negative, zero, positive, format }: TextParts): string {
  const buckets = [...negative].toReversed();
  if (zero !== null) buckets.push(zero);
  buckets.push(...positive);
  const filled = buckets.filter((bucket) => bucket.count !== 0);
  const texts = filled.map((bucket) => `, ${bucketText(bucket, format)}`);
  return `{count:${format(count)}, sum:${formatGoG(sum)}${texts.join("")}}`;
}

/** `{{schema:1 count:3 sum:4 offset:2 buckets:[1 2]}}`: what is 0 is left out, gaps are empty buckets. */
export function histogramExpression(h: HistogramFields): string {
  const texts: string[] = [];
  const add = (name: string, value: number): void => {
    if (value !== 0) texts.push(`${name}:${formatGoG(value)}`);
  };
  if (h.schema !== 0) texts.push(`schema:${h.schema}`);
  add("count", h.count);
  add("sum", h.sum);
  add("z_bucket", h.zeroCount);
  add("z_bucket_w", h.zeroThreshold);
  if (isCustomBucketsSchema(h.schema)) texts.push(`custom_values:${list(h.customValues)}`);
  if (h.counterResetHint === CounterResetHint.Reset) texts.push("counter_reset_hint:reset");
  if (h.counterResetHint === CounterResetHint.NotReset) texts.push("counter_reset_hint:not_reset");
  if (h.counterResetHint === CounterResetHint.Gauge) texts.push("counter_reset_hint:gauge");
  addBuckets(texts, "", h.positiveSpans, h.positiveBuckets);
  addBuckets(texts, "n_", h.negativeSpans, h.negativeBuckets);
  return `{{${texts.join(" ")}}}`;
}

function addBuckets(texts: string[], prefix: string, spans: Span[], counts: number[]): void {
  const side = compactSide({ spans, counts, lost: null }, Number.MAX_SAFE_INTEGER);
  const [first] = side.spans;
  if (first !== undefined && first.offset !== 0) texts.push(`${prefix}offset:${first.offset}`);
  if (side.counts.length > 0) texts.push(`${prefix}buckets:${list(side.counts)}`);
}

function list(values: readonly number[]): string {
  return `[${values.map(formatGoG).join(" ")}]`;
}
