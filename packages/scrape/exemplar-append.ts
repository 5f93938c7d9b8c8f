/**
 * The exemplars of one series on a page, on their way into the storage.
 */

import { compareUtf8 } from "@narthex/bytes/utf8-order";
import type { PageExemplar } from "@narthex/exposition/exposition-parser";
import { compareExemplars, type Exemplar } from "@narthex/model/exemplar";
import { Labels } from "@narthex/model/labels";
import { ExemplarResult } from "@narthex/storage/append-result";
import type { Appender, SeriesRef } from "@narthex/storage/appender";

/**
 * Adds the exemplars of a series; those without a time get `timeMs`. Returns how many were out of order when
 * all were, else 0: a page may repeat some. Those whose labels no series could have are left out.
 */
export function appendExemplars(
  appender: Appender,
  ref: SeriesRef,
  found: readonly PageExemplar[],
  timeMs: number,
): number {
  const exemplars = found.flatMap((one) => toExemplar(one, timeMs)).sort(compareExemplars);
  let outOfOrder = 0;
  for (const exemplar of exemplars) {
    if (appender.appendExemplar?.(ref, exemplar) === ExemplarResult.OutOfOrder) outOfOrder++;
  }
  return outOfOrder === exemplars.length ? outOfOrder : 0;
}

/** The exemplar in a list; an empty list when a label name comes twice. */
function toExemplar({ labelPairs, value, timeMs }: PageExemplar, defaultMs: number): Exemplar[] {
  const places: number[] = [];
  for (let i = 0; i < labelPairs.length; i += 2) places.push(i);
  places.sort((a, b) => compareUtf8(labelPairs[a] as string, labelPairs[b] as string));
  const pairs = places.flatMap((i) => [labelPairs[i] as string, labelPairs[i + 1] as string]);
  for (let i = 2; i < pairs.length; i += 2) if (pairs[i] === pairs[i - 2]) return [];
  return [{ labels: new Labels(pairs), value, timeMs: timeMs ?? defaultMs }];
}
