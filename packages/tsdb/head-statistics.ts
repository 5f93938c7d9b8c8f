/**
 * Cardinality of the head: which names and label pairs have the most series, which labels the most values and
 * bytes.
 */

import type { HeadReader } from "./head-reader.ts";

/** A name or pair with its count. */
export interface NamedCount {
  readonly name: string;
  readonly value: number;
}

/** The four tables, each at most `limit` rows, largest first. */
export interface HeadStatistics {
  readonly labelPairs: number;
  readonly seriesByMetricName: readonly NamedCount[];
  readonly valuesByLabelName: readonly NamedCount[];
  readonly bytesByLabelName: readonly NamedCount[];
  readonly seriesByLabelPair: readonly NamedCount[];
}

/** The `limit` largest of what is pushed. */
class Largest {
  readonly #limit: number;
  #rows: { label: () => string; value: number }[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  push(value: number, label: () => string): void {
    this.#rows.push({ label, value });
    // Cut back now and then: sorting twice as many rows as wanted is cheap, keeping all of them is not.
    if (this.#rows.length >= this.#limit * 2 + 64) this.#cut();
  }

  rows(): NamedCount[] {
    this.#cut();
    return this.#rows.map(({ label, value }) => ({ name: label(), value }));
  }

  #cut(): void {
    this.#rows = this.#rows.toSorted((a, b) => b.value - a.value).slice(0, this.#limit);
  }
}

/** Counts over all postings. The caller is on the main thread or inside an epoch. */
export function headStatistics(reader: HeadReader, limit: number): HeadStatistics {
  const { postings, symbols } = reader;
  const byMetric = new Largest(limit);
  const byValues = new Largest(limit);
  const byBytes = new Largest(limit);
  const byPair = new Largest(limit);
  let labelPairs = 0;
  for (const nameEntry of postings.names()) {
    const name = symbols.text(postings.nameOf(nameEntry));
    let values = 0;
    let bytes = 0;
    for (const entry of postings.valuesOf(nameEntry)) {
      const count = postings.seriesOf(entry);
      const valueId = postings.valueOf(entry);
      values++;
      bytes += symbols.sizeOf(valueId) * count;
      if (name === "__name__") byMetric.push(count, () => symbols.text(valueId));
      byPair.push(count, () => `${name}=${symbols.text(valueId)}`);
    }
    labelPairs += values;
    byValues.push(values, () => name);
    byBytes.push(bytes, () => name);
  }
  return {
    labelPairs,
    seriesByMetricName: byMetric.rows(),
    valuesByLabelName: byValues.rows(),
    bytesByLabelName: byBytes.rows(),
    seriesByLabelPair: byPair.rows(),
  };
}
