/**
 * A label set under construction: what relabelling works on.
 *
 *   discovered labels → LABELS-BUILDER ← relabel rules → labels of a target or series
 *
 * The base set is not copied; what is set and deleted is kept beside it, and a set is built only when it
 * differs. Label sets are small, so every look-up is a scan.
 *
 * Invariants
 *  - `entries` gives the labels of the base first, then those that were set, in the order in which they were
 *    set; rules that map many names to one depend on it.
 */

import { compareUtf8 } from "@narthex/bytes/utf8-order";
import { Labels } from "./labels.ts";

/** A mutable label set over a base. */
export class LabelsBuilder {
  #base: Labels;
  readonly #setNames: string[] = [];
  readonly #setValues: string[] = [];
  readonly #deleted: string[] = [];

  constructor(base: Labels = Labels.empty) {
    this.#base = base;
  }

  /** Starts over from `base`. */
  reset(base: Labels): void {
    this.#base = base;
    this.#setNames.length = 0;
    this.#setValues.length = 0;
    this.#deleted.length = 0;
  }

  /** The value of `name`, "" when absent. */
  get(name: string): string {
    const at = this.#setNames.indexOf(name);
    if (at >= 0) return this.#setValues[at];
    return this.#deleted.includes(name) ? "" : this.#base.get(name);
  }

  /** Sets `name` to `value`; an empty value deletes it. */
  set(name: string, value: string): void {
    if (value === "") {
      this.delete(name);
      return;
    }
    const at = this.#setNames.indexOf(name);
    if (at >= 0) {
      this.#setValues[at] = value;
    } else {
      this.#setNames.push(name);
      this.#setValues.push(value);
    }
  }

  /** Removes `name`. */
  delete(name: string): void {
    const at = this.#setNames.indexOf(name);
    if (at >= 0) {
      this.#setNames.splice(at, 1);
      this.#setValues.splice(at, 1);
    }
    if (!this.#deleted.includes(name)) this.#deleted.push(name);
  }

  /**
   * Names and values alternating: the base's labels, then those set. A copy: the builder may change
   * meanwhile.
   */
  entries(): string[] {
    const entries: string[] = [];
    const { pairs } = this.#base;
    for (let i = 0; i < pairs.length; i += 2) {
      if (this.#setNames.includes(pairs[i]) || this.#deleted.includes(pairs[i])) continue;
      entries.push(pairs[i], pairs[i + 1]);
    }
    for (let i = 0; i < this.#setNames.length; i++) entries.push(this.#setNames[i], this.#setValues[i]);
    return entries;
  }

  /** The set as it is now; the base itself when nothing was changed. */
  build(): Labels {
    if (this.#setNames.length === 0 && this.#deleted.length === 0) return this.#base;
    const entries = this.entries();
    const order = Array.from({ length: entries.length / 2 }, (_unused, i) => 2 * i);
    order.sort((a, b) => compareUtf8(entries[a], entries[b]));
    return new Labels(order.flatMap((at) => [entries[at], entries[at + 1]]));
  }
}
