/**
 * histogram_quantile and histogram_fraction at one moment, slow and obvious; a part of reference.ts.
 */

import type { FloatHistogram } from "@narthex/model/float-histogram";
import { parseGoFloat } from "@narthex/model/go-float";
import type { Labels } from "@narthex/model/labels";
import { bucketFraction, bucketQuantile, type Bucket } from "./functions/buckets.ts";
import { nativeFraction, nativeQuantile } from "./functions/native-quantile.ts";
import { distinct, withoutName, type Element, type FloatElement } from "./reference-element.ts";

/** The φ-quantile of every histogram. */
export function histogramQuantiles(phi: number, elements: readonly Element[]): readonly FloatElement[] {
  return ofHistograms(
    elements,
    (buckets) => bucketQuantile(phi, buckets).quantile,
    (h) => nativeQuantile(phi, h).value,
  );
}

/** The share of observations between two bounds of every histogram. */
export function histogramFractions(
  [lower, upper]: readonly [number, number],
  elements: readonly Element[],
): readonly FloatElement[] {
  return ofHistograms(
    elements,
    (buckets) => bucketFraction(lower, upper, buckets),
    (h) => nativeFraction(lower, upper, h).value,
  );
}

interface Parts {
  readonly labels: Labels;
  readonly buckets: Bucket[];
  native: FloatHistogram | null;
}

function ofHistograms(
  elements: readonly Element[],
  ofBuckets: (buckets: Bucket[]) => number,
  ofNative: (h: FloatHistogram) => number,
): readonly FloatElement[] {
  const found = new Map<string, Parts>();
  const partsOf = (labels: Labels): Parts => {
    const key = labels.toString();
    let parts = found.get(key);
    if (parts === undefined) {
      parts = { labels, buckets: [], native: null };
      found.set(key, parts);
    }
    return parts;
  };
  for (const { labels, value } of elements) {
    if (typeof value !== "number") {
      partsOf(labels).native = value;
      continue;
    }
    let upperBound: number;
    try {
      upperBound = parseGoFloat(labels.get("le"));
    } catch {
      continue; // no bucket
    }
    partsOf(labels.with("le", "")).buckets.push({ upperBound, count: value });
  }
  return distinct(
    [...found.values()].flatMap(({ labels, buckets, native }) => {
      if (native !== null && buckets.length > 0) return [];
      const value = native === null ? ofBuckets(buckets) : ofNative(native);
      return [{ labels: withoutName(labels), value }];
    }),
  );
}
