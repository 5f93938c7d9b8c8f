/**
 * The children of a metric by their label values. A child is made once and may be kept: then using it costs
 * no lookup.
 *
 * Invariant: the list for the exposition is in the order of label values, in the order of sorted label names.
 */

import { compareUtf8 } from "@narthex/bytes/utf8-order";
import { renderLabels } from "@narthex/exposition/metric-family";
import { assert } from "@narthex/platform/assert";
import type { MetricOptions } from "./collector.ts";

interface Entry<Child> {
  readonly child: Child;
  /** Label values in the order of the sorted names. */
  readonly sortKey: readonly string[];
}

/** Children of one metric. */
export class Children<Child> {
  readonly #labelNames: readonly string[];
  readonly #constant: readonly (readonly [string, string])[];
  readonly #make: (labelText: string) => Child;
  /** Where each label of the sorted names is among the given ones. */
  readonly #sortedOrder: readonly number[];
  readonly #entries = new Map<string, Entry<Child>>();
  #list: readonly Child[] | null = null;

  /** A metric without labels has its only child from the start, as its value must show. */
  constructor({ labelNames = [], constantLabels = {} }: MetricOptions, make: (labelText: string) => Child) {
    this.#labelNames = labelNames;
    this.#constant = Object.entries(constantLabels);
    this.#make = make;
    this.#sortedOrder = labelNames
      .map((_, i) => i)
      .toSorted((a, b) => compareUtf8(labelNames[a]!, labelNames[b]!));
    if (labelNames.length === 0) this.get([]);
  }

  /** The child for `values`, made when it is new. */
  get(values: readonly string[]): Child {
    assert(values.length === this.#labelNames.length, "there is a value for each label name");
    const key = values.length === 1 ? values[0]! : values.join("\0");
    const known = this.#entries.get(key);
    if (known !== undefined) return known.child;
    const pairs = this.#labelNames.map((name, i) => [name, values[i]!] as const);
    const child = this.#make(renderLabels([...this.#constant, ...pairs]));
    this.#entries.set(key, { child, sortKey: this.#sortedOrder.map((i) => values[i]!) });
    this.#list = null;
    return child;
  }

  /** Forgets a child; whether there was one. */
  remove(values: readonly string[]): boolean {
    const isGone = this.#entries.delete(values.join("\0"));
    if (isGone) this.#list = null;
    return isGone;
  }

  /** Forgets all children. */
  clear(): void {
    this.#entries.clear();
    this.#list = null;
    if (this.#labelNames.length === 0) this.get([]);
  }

  /** All children in the order of the exposition. */
  list(): readonly Child[] {
    this.#list ??= [...this.#entries.values()]
      .toSorted((a, b) => compareKeys(a.sortKey, b.sortKey))
      .map(({ child }) => child);
    return this.#list;
  }
}

function compareKeys(a: readonly string[], b: readonly string[]): number {
  for (const [i, value] of a.entries()) {
    const order = compareUtf8(value, b[i]!);
    if (order !== 0) return order;
  }
  return 0;
}
