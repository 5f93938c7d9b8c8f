/**
 * Sums that do not lose small terms: Kahan's summation in Neumaier's variant, as the original uses
 * everywhere.
 */

/** A sum and what rounding took from it. Mutable; the result is `sum + lost`. */
export class KahanSum {
  sum = 0;
  lost = 0;

  /** Adds one term. A sum that became infinite has lost nothing. */
  add(term: number): void {
    const { sum } = this;
    const total = sum + term;
    if (total === Infinity || total === -Infinity) this.lost = 0;
    else if (Math.abs(sum) >= Math.abs(term)) this.lost += sum - total + term;
    else this.lost += term - total + sum;
    this.sum = total;
  }
}
