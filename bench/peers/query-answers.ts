/**
 * Asking and comparing: the answers of two servers to one question, held against each other sample by sample.
 */

import { Agent, get } from "node:http";

import { systemClock } from "@narthex/platform/clock";

import type { Peer } from "../../tests/peers/peer-process.ts";

/** A series of an answer, with its samples as [seconds, text] pairs. */
interface AnswerSeries {
  readonly metric: Readonly<Record<string, string>>;
  readonly value?: readonly [number, string];
  readonly values?: readonly (readonly [number, string])[];
}

const agent = new Agent({ keepAlive: true });

/** Closes the connections. */
export function hangUp(): void {
  agent.destroy();
}

/** Asks once; resolves with the body, and with the moment at which its last byte was there. */
export function ask(server: Peer, path: string): Promise<{ body: Buffer; endMs: number }> {
  return new Promise((resolve, reject) => {
    const request = get(`${server.url}${path}`, { agent }, (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.on("error", reject);
      response.on("end", () => {
        const endMs = systemClock.monotonicMs();
        const body = Buffer.concat(parts);
        if (response.statusCode === 200) resolve({ body, endMs });
        else reject(new Error(`${path}: status ${response.statusCode}: ${body.subarray(0, 300).toString()}`));
      });
    });
    request.on("error", reject);
  });
}

/** What `other` differs by: a relative figure, or in words what is missing. */
export function difference(reference: Buffer, other: Buffer): number | string {
  const [want, got] = [readAnswer(reference), readAnswer(other)];
  if (typeof want === "string" || typeof got === "string") return want === got ? 0 : "another scalar";
  if (want.size !== got.size) return `${got.size} series instead of ${want.size}`;
  let worst = 0;
  for (const [key, series] of want) {
    const found = got.get(key);
    if (found === undefined) return `no series {${key}}`;
    const [a, b] = [samplesOf(series), samplesOf(found)];
    if (a.length !== b.length) return `${b.length} samples instead of ${a.length}`;
    for (const [index, [seconds, text]] of a.entries()) {
      const [otherSeconds, otherText] = b[index]!;
      if (seconds !== otherSeconds) return `time ${otherSeconds} instead of ${seconds}`;
      worst = Math.max(worst, relativeDifference(text, otherText));
    }
  }
  return worst;
}

/** The series by their labels; the text of a scalar. */
function readAnswer(body: Buffer): Map<string, AnswerSeries> | string {
  const { data } = JSON.parse(body.toString()) as {
    data: { resultType: string; result: readonly AnswerSeries[] };
  };
  if (data.resultType === "scalar") return JSON.stringify(data.result);
  const key = ({ metric }: AnswerSeries): string =>
    Object.keys(metric)
      .toSorted()
      .map((name) => `${name}=${metric[name]!}`)
      .join(",");
  return new Map(data.result.map((series) => [key(series), series]));
}

function samplesOf(series: AnswerSeries): readonly (readonly [number, string])[] {
  return series.values ?? (series.value === undefined ? [] : [series.value]);
}

function relativeDifference(a: string, b: string): number {
  if (a === b) return 0;
  const gap = Math.abs(Number(a) - Number(b)) / Math.max(Math.abs(Number(a)), Math.abs(Number(b)));
  return Number.isNaN(gap) ? Infinity : gap;
}
