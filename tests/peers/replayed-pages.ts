/**
 * Pages with explicit timestamps, so that two servers that scrape at different moments store the same
 * samples.
 *
 * Each server scrapes a path of its own; its first request gets the first page, its second the next one, and
 * so on; then the last page again and again, which changes nothing. Every value is a function of its step, so
 * the data of a run differ from those of another only in when they begin.
 */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";

/** Time between two samples of a series. */
export const stepMs = 15_000;
const stepsPerPage = 10;
const pageCount = 10;
/** Samples of a series without gaps. */
export const stepCount = stepsPerPage * pageCount;

type ValueAt = (step: number) => number | null;

interface Family {
  readonly head: string;
  readonly series: readonly (readonly [string, ValueAt])[];
}

/** Rises by `slope` and 0 to 2 more per step. */
function rising(slope: number): ValueAt {
  return (step) => step * slope + ((step * step) % 3);
}

function requestSeries(): (readonly [string, ValueAt])[] {
  const names = ["/a", "/b", "/c"].flatMap((handler) =>
    ["200", "500"].map((code) => `requests_total{handler="${handler}",code="${code}"}`),
  );
  return names.map((name, index) => {
    const plain = rising(index + 0.5);
    // One is reset twice, one has a gap that is longer than the lookback, one ends early.
    const shape: readonly ValueAt[] = [
      plain,
      (step) => plain(step % 37),
      (step) => (step >= 40 && step < 64 ? null : plain(step)),
      (step) => (step < 70 ? plain(step) : null),
    ];
    return [name, shape[index] ?? plain] as const;
  });
}

function bucketSeries(): (readonly [string, ValueAt])[] {
  const bounds = ["0.1", "0.25", "0.5", "1", "2.5", "+Inf"];
  return ["/a", "/b"].flatMap((handler, which) => [
    ...bounds.map(
      (le, index) =>
        [
          `duration_seconds_bucket{handler="${handler}",le="${le}"}`,
          rising((index + 1) * (which + 2)),
        ] as const,
    ),
    [`duration_seconds_sum{handler="${handler}"}`, rising(0.37 * (which + 1))] as const,
    [`duration_seconds_count{handler="${handler}"}`, rising(6 * (which + 2))] as const,
  ]);
}

/** The families of every page. */
export const families: readonly Family[] = [
  {
    head: '# HELP requests_total Requests, by \\"handler\\"\\nand code.\n# TYPE requests_total counter\n',
    series: requestSeries(),
  },
  {
    head: "# HELP temperature Degrees.\n# TYPE temperature gauge\n",
    series: [
      ['temperature{room="attic"}', (step) => Math.round(2_000 * Math.sin(step / 7)) / 100],
      [
        'temperature{room="cellar"}',
        (step) => (step % 20 === 3 ? NaN : step % 20 === 9 ? Infinity : 8 + step / 64),
      ],
      ['temperature{room="hall"}', (step) => -step / 3],
    ],
  },
  {
    head: "# TYPE room_info gauge\n",
    series: [
      ['room_info{room="attic",floor="2",owner="x"}', () => 1],
      ['room_info{room="hall",floor="0",owner="y"}', () => 1],
      ['room_info{room="garage",floor="0",owner="y"}', () => 1],
    ],
  },
  { head: "# HELP duration_seconds How long.\n# TYPE duration_seconds histogram\n", series: bucketSeries() },
  {
    head: "",
    series: [
      ['capacity{handler="/a"}', () => 100],
      ['capacity{handler="/b"}', (step) => 100 + (step % 5)],
      ['capacity{handler="/d"}', () => 0],
      ['odd{text="quote \\" back \\\\ line\\nend é 日本 😀"}', (step) => 1e300 * step],
      ["lonely", (step) => (step % 2 === 0 ? 1e-7 * step : -0)],
      ["constant", () => 3],
    ],
  },
];

/** A page of samples. */
export function pageText(page: number, startMs: number): string {
  const first = page * stepsPerPage;
  const lines: string[] = [];
  for (const { head, series } of families) {
    lines.push(head);
    for (const [name, valueAt] of series) {
      for (let step = first; step < first + stepsPerPage; step++) {
        const value = valueAt(step);
        if (value !== null) lines.push(`${name} ${formatted(value)} ${startMs + step * stepMs}\n`);
      }
    }
  }
  return lines.join("");
}

function formatted(value: number): string {
  if (value === Infinity) return "+Inf";
  return Object.is(value, -0) ? "-0" : String(value);
}

/** A server that replays the pages to each path on its own. */
export interface PageServer {
  readonly address: string;
  /** Time of the first sample, ms. */
  readonly startMs: number;
  /** Whether `path` has got all pages, the last one twice. */
  hasServedAll(path: string): boolean;
}

/** Starts the server; it ends with `t`. */
export async function startPageServer(t: TestContext, startMs: number): Promise<PageServer> {
  const served = new Map<string, number>();
  const server = createServer((request, response) => {
    const path = request.url ?? "";
    const count = served.get(path) ?? 0;
    served.set(path, count + 1);
    response.setHeader("content-type", "text/plain; version=0.0.4");
    response.end(pageText(Math.min(count, pageCount - 1), startMs));
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    startMs,
    hasServedAll: (path) => (served.get(path) ?? 0) > pageCount,
  };
}
