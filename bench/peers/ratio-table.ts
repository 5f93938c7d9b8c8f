/**
 * The tables of the query bench: one quantity for three servers, less is better.
 */

/** One line. A missing figure is NaN and prints as a dash. */
export interface RatioRow {
  readonly what: string;
  readonly prometheus: number;
  readonly victoria: number;
  readonly narthex: number;
}

/** A Markdown table: figures, how many times theirs is ours, and the geometric means of those. */
export function printRatioTable(rows: readonly RatioRow[]): string {
  const lines = rows.map(({ what, prometheus, victoria, narthex }) => {
    const cells = [prometheus, victoria, narthex, prometheus / narthex, victoria / narthex];
    return `| ${what} | ${cells.map(cell).join(" | ")} |`;
  });
  const mean = (ratio: (row: RatioRow) => number): string => cell(geometricMean(rows.map(ratio)));
  const overPrometheus = mean((row) => row.prometheus / row.narthex);
  const overVictoria = mean((row) => row.victoria / row.narthex);
  return [
    "| | Prometheus | VictoriaMetrics | Narthex | × Prometheus | × VictoriaMetrics |",
    "| --- | ---: | ---: | ---: | ---: | ---: |",
    ...lines,
    `| geometric mean | | | | ${overPrometheus} | ${overVictoria} |`,
  ].join("\n");
}

function cell(value: number): string {
  if (Number.isNaN(value)) return "–";
  return Number(value.toPrecision(3)).toLocaleString("en-US", { maximumFractionDigits: 4 });
}

function geometricMean(values: readonly number[]): number {
  const known = values.filter((value) => value > 0 && Number.isFinite(value));
  return Math.exp(known.reduce((sum, value) => sum + Math.log(value), 0) / known.length);
}
