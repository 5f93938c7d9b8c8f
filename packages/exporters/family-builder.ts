/**
 * Builds a family of values read elsewhere, in the order that the exposition wants: by label values.
 */

import { compareUtf8 } from "@narthex/bytes/utf8-order";
import { renderLabels, type MetricFamily } from "@narthex/exposition/metric-family";

interface Row {
  readonly labelText: string;
  readonly sortKey: readonly string[];
  readonly value: number;
}

/** A family in the making. All rows have the same label names. */
export class FamilyBuilder {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge" | "untyped";
  readonly #rows: Row[] = [];

  constructor(name: string, help: string, type: "counter" | "gauge" | "untyped") {
    this.name = name;
    this.help = help;
    this.type = type;
  }

  /** Adds a value. */
  add(value: number, labels: Readonly<Record<string, string>> = {}): this {
    const pairs = Object.entries(labels).toSorted(([a], [b]) => compareUtf8(a, b));
    this.#rows.push({ labelText: renderLabels(pairs), sortKey: pairs.map(([, text]) => text), value });
    return this;
  }

  /** The family with its rows in order. */
  build(): MetricFamily {
    const { name, help, type } = this;
    return { name, help, type, metrics: this.#rows.toSorted(compareRows) };
  }
}

function compareRows(a: Row, b: Row): number {
  for (const [i, text] of a.sortKey.entries()) {
    const order = compareUtf8(text, b.sortKey[i] ?? "");
    if (order !== 0) return order;
  }
  return 0;
}

/** A family of one value without labels. */
export function single(
  name: string,
  help: string,
  type: "counter" | "gauge" | "untyped",
  value: number,
): MetricFamily {
  return new FamilyBuilder(name, help, type).add(value).build();
}

/** What was built, without families that got no row. */
export function buildAll(builders: readonly FamilyBuilder[]): MetricFamily[] {
  return builders.map((builder) => builder.build()).filter(({ metrics }) => metrics.length > 0);
}
