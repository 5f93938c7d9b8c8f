/**
 * Why a page cannot be stored, and what was counted until then.
 *
 * Templates read a page as a whole; when that fails, the page is read once more, entry by entry, since the
 * problem that comes first in the page is the one to tell, and what came before it is counted.
 */

import { ExpositionError, type ExpositionParser } from "@narthex/exposition/exposition-parser";
import type { Labels } from "@narthex/model/labels";
import { ScrapeError, sampleLabels, type LabelRules } from "./sample-labels.ts";

/** How many samples and series a page brought. */
export interface PageCounts {
  readonly scraped: number;
  readonly kept: number;
  readonly added: number;
}

/** A page that fails its scrape. `counts` is what the report says; nothing of it is stored. */
export class FailedPageError extends ScrapeError {
  readonly counts: PageCounts;

  constructor(message: string, counts: PageCounts, cause?: unknown) {
    super(message, { cause });
    this.counts = counts;
  }
}

/** What a page holds before its first problem. */
export interface Beginning {
  readonly scraped: number;
  /** The labels of the series that no rule drops. */
  readonly series: readonly Labels[];
  /** The problem; null when there is none, which a caller does not expect. */
  readonly problem: Error | null;
}

/** Reads a page up to its first problem. */
export function readBeginning(parser: ExpositionParser, target: Labels, rules: LabelRules): Beginning {
  const series: Labels[] = [];
  let scraped = 0;
  try {
    for (let entry = parser.next(); entry !== "end"; entry = parser.next()) {
      if (entry !== "series" && entry !== "histogram") continue;
      scraped++;
      const labels = sampleLabels(parser.labelPairs(), target, rules);
      if (labels !== null) series.push(labels);
    }
  } catch (cause) {
    if (!(cause instanceof ExpositionError) && !(cause instanceof ScrapeError)) throw cause;
    return { scraped, series, problem: cause };
  }
  return { scraped, series, problem: null };
}
