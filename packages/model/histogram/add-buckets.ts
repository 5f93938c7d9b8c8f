/**
 * Adding the buckets of one side to those of another, for exponential schemas and for equal custom bounds:
 * both sides go by ascending index, equal indexes are added, the others stay alone.
 *
 * Result spans are as long as can be: buckets next to each other share one. Empty buckets stay.
 */

import { exponentialBound } from "../histogram-bounds.ts";
import { BucketCursor, SideBuilder, type BucketSide } from "./bucket-side.ts";
import { CompensatedSum } from "../kahan-sum.ts";
import { isExponentialSchema } from "../histogram-schema.ts";

/** How two sides are added. */
export interface Addition {
  /** The schema of both. */
  readonly schema: number;
  /** Leading buckets of the second side that end at or below it are left out: they are in the zero bucket. */
  readonly zeroThreshold: number;
  /** 1, or -1 to subtract. */
  readonly sign: 1 | -1;
}

/** `a` plus (or minus) `b`; compensated when `a` has what it lost. Neither is changed. */
export function addSides(a: BucketSide, b: BucketSide, addition: Addition): BucketSide {
  const sum = new SideBuilder(a.lost !== null);
  const left = new BucketCursor(a.spans, a.counts);
  const right = new BucketCursor(b.spans, b.counts);
  let leftAt = -1;
  let rightAt = -1;
  const nextLeft = (): boolean => {
    leftAt++;
    return left.next();
  };
  const nextRight = (): boolean => {
    rightAt++;
    return right.next();
  };
  let hasRight = nextRight();
  while (hasRight && isInZeroBucket(right.index, addition)) hasRight = nextRight();
  let hasLeft = nextLeft();
  while (hasLeft || hasRight) {
    if (!hasRight || (hasLeft && left.index < right.index)) {
      sum.push(left.index, left.count, a.lost?.[leftAt] ?? 0);
      hasLeft = nextLeft();
      continue;
    }
    const count = addition.sign * right.count;
    const lost = addition.sign * (b.lost?.[rightAt] ?? 0);
    if (hasLeft && left.index === right.index) {
      pushSum(sum, left, a.lost === null ? null : a.lost[leftAt], count, lost);
      hasLeft = nextLeft();
    } else {
      sum.push(right.index, count, lost);
    }
    hasRight = nextRight();
  }
  return sum.side();
}

function isInZeroBucket(index: number, { schema, zeroThreshold }: Addition): boolean {
  return isExponentialSchema(schema) && exponentialBound(index, schema) <= zeroThreshold;
}

/** Pushes the bucket of the left side with `count`, and what that one lost, added. */
function pushSum(
  sum: SideBuilder,
  left: BucketCursor,
  leftLost: number | null,
  count: number,
  lost: number,
): void {
  if (leftLost === null) {
    sum.push(left.index, left.count + count, 0);
    return;
  }
  const total = new CompensatedSum(left.count, leftLost);
  total.add(count);
  if (lost !== 0) total.add(lost);
  sum.push(left.index, total.sum, total.lost);
}
