/**
 * The k best elements seen so far, the worst of them on top. The movements equal those of Go's
 * container/heap, so that ties are resolved as in the original.
 */

/** Go's sort inserts up to this many elements one by one. */
const maxInsertion = 12;

/** Elements of one group at one step. */
export class RankHeap {
  readonly #kind: "topk" | "bottomk" | "limitk";
  readonly #values: number[] = [];
  readonly #series: number[] = [];

  constructor(kind: "topk" | "bottomk" | "limitk") {
    this.#kind = kind;
  }

  /** Takes the element in if it is among the best `limit` (at least 1). */
  offer(value: number, series: number, limit: number): void {
    const values = this.#values;
    if (values.length < limit) {
      values.push(value);
      this.#series.push(series);
      this.#up(values.length - 1);
      return;
    }
    if (this.#kind === "limitk") return;
    const top = values[0];
    const better = this.#kind === "topk" ? top < value : top > value;
    if (!better && !(Number.isNaN(top) && !Number.isNaN(value))) return;
    values[0] = value;
    this.#series[0] = series;
    this.#down();
  }

  /** The worst of the best `limit` values (limitk: the highest of all), NaN while there is room for more. */
  bar(limit: number): number {
    if (this.#values.length < limit) return NaN;
    return this.#kind === "limitk" ? Infinity : this.#values[0];
  }

  /** The series of the elements, in no order. */
  series(): readonly number[] {
    return this.#series;
  }

  /** The series of the elements, best first (limitk: in no order). */
  ranked(): number[] {
    if (this.#kind === "limitk") return this.#series.slice();
    const order = this.#series.map((_, i) => i);
    if (order.length <= maxInsertion) this.#insertionSort(order);
    else order.sort((a, b) => Number(this.#less(a, b)) - Number(this.#less(b, a)));
    return order.map((i) => this.#series[i]);
  }

  /** As Go sorts few elements: of two NaN each is worse than the other, so they change places. */
  #insertionSort(order: number[]): void {
    for (let i = 1; i < order.length; i++) {
      for (let j = i; j > 0 && this.#less(order[j - 1], order[j]); j--) {
        const worse = order[j - 1];
        order[j - 1] = order[j];
        order[j] = worse;
      }
    }
  }

  /** Whether element i is worse than element j; NaN is worst. */
  #less(i: number, j: number): boolean {
    const a = this.#values[i];
    const b = this.#values[j];
    if (Number.isNaN(a)) return !Number.isNaN(b) || i !== j;
    return this.#kind === "bottomk" ? a > b : a < b;
  }

  #up(from: number): void {
    let j = from;
    while (j > 0) {
      const parent = (j - 1) >> 1;
      if (!this.#less(j, parent)) return;
      this.#swap(parent, j);
      j = parent;
    }
  }

  #down(): void {
    const count = this.#values.length;
    let i = 0;
    for (;;) {
      const left = 2 * i + 1;
      if (left >= count) return;
      const child = left + 1 < count && this.#less(left + 1, left) ? left + 1 : left;
      if (!this.#less(child, i)) return;
      this.#swap(i, child);
      i = child;
    }
  }

  #swap(i: number, j: number): void {
    const { [i]: value } = this.#values;
    const { [i]: series } = this.#series;
    this.#values[i] = this.#values[j];
    this.#series[i] = this.#series[j];
    this.#values[j] = value;
    this.#series[j] = series;
  }
}
