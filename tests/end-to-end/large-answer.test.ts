/**
 * An answer of many pieces arrives whole and in order, also packed, and also when it is read slowly.
 */

import assert from "node:assert/strict";
import { createServer, get, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { systemClock } from "@narthex/platform/clock";
import { eventually, startOurs } from "../peers/prometheus-process.ts";

const seriesCount = 300;
const stepCount = 3_000;

interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: readonly (readonly [number, string])[];
}

function answerOf(text: string): readonly Series[] {
  return (JSON.parse(text) as { data: { result: readonly Series[] } }).data.result;
}

test("an answer of many pieces is whole", async (t) => {
  const page = Array.from({ length: seriesCount }, (_none, i) => `m{i="${i}"} ${i + 0.5}\n`).join("");
  const target = createServer((_request, response) => {
    response.setHeader("content-type", "text/plain; version=0.0.4");
    response.end(page);
  });
  await new Promise<void>((resolve) => target.listen(0, "127.0.0.1", resolve));
  t.after(() => target.close());
  const { port } = target.address() as AddressInfo;
  const config = `scrape_configs:
  - {job_name: a, scrape_interval: 1s, static_configs: [{targets: ["127.0.0.1:${port}"]}]}
`;
  const ours = await startOurs(t, { config });
  const ask = (path: string, encoding: string): Promise<Response> =>
    fetch(`${ours.url}${path}`, { headers: { "accept-encoding": encoding } });
  const newest = async (): Promise<readonly (readonly [number, string])[]> => {
    const text = await (await ask("/api/v1/query?query=timestamp(m)", "identity")).text();
    return (JSON.parse(text) as { data: { result: { value: [number, string] }[] } }).data.result.map(
      ({ value }) => value,
    );
  };
  await eventually(async () => (await newest()).length === seriesCount);
  const startSeconds = Number((await newest())[0]?.[1]);
  const range = `start=${startSeconds}&end=${startSeconds + (stepCount - 1) * 0.09}&step=0.09`;
  const path = `/api/v1/query_range?query=m&${range}`;
  const check = (text: string): void => {
    const result = answerOf(text);
    assert.equal(result.length, seriesCount);
    for (const { metric, values } of result) {
      assert.equal(values.length, stepCount, metric["i"]);
      assert.ok(values.every(([, value]) => value === String(Number(metric["i"]) + 0.5)));
      assert.ok(values.every(([time], k) => Math.abs(time - startSeconds - k * 0.09) < 0.002));
    }
  };
  check(await (await ask(path, "identity")).text());
  check(await (await ask(path, "gzip")).text());
  const slow = await new Promise<IncomingMessage>((resolve, reject) => {
    get(`${ours.url}${path}`, resolve).on("error", reject);
  });
  const parts: Buffer[] = [];
  for await (const part of slow) {
    parts.push(part as Buffer);
    if (parts.length % 40 === 0) await systemClock.sleep(5);
  }
  check(Buffer.concat(parts).toString());
});
