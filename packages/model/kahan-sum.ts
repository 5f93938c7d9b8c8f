/**
 * Sums that do not lose small terms: Kahan's summation in Neumaier's variant, over plain arrays.
 */

/** Adds `term` to `sums[at]`, keeping in `lost[at]` what rounding takes. An infinite sum has lost nothing. */
export function addCompensated(sums: number[], lost: number[], at: number, term: number): void {
  const sum = sums[at];
  const total = sum + term;
  if (total === Infinity || total === -Infinity) lost[at] = 0;
  else if (Math.abs(sum) >= Math.abs(term)) lost[at] += sum - total + term;
  else lost[at] += term - total + sum;
  sums[at] = total;
}

/** A sum with what it lost; the result is `sum + lost`. */
export class CompensatedSum {
  sum: number;
  lost: number;

  constructor(sum = 0, lost = 0) {
    this.sum = sum;
    this.lost = lost;
  }

  /** Adds one term. */
  add(term: number): void {
    const { sum } = this;
    const total = sum + term;
    if (total === Infinity || total === -Infinity) this.lost = 0;
    else if (Math.abs(sum) >= Math.abs(term)) this.lost += sum - total + term;
    else this.lost += term - total + sum;
    this.sum = total;
  }
}
