/**
 * Processor time per scrape of an 88 kB page, packed, over a kept connection; the server runs in a process of
 * its own. `node --conditions=source packages/http/client.bench.ts`
 */

import { fork } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { decodeDocument } from "@narthex/config/decode";
import { object } from "@narthex/config/decode-section";
import { parseYaml } from "@narthex/config/yaml-document";
import { systemClock } from "@narthex/platform/clock";
import { httpClientFields } from "./client-config.ts";
import { HttpClient } from "./client.ts";

function page(): Buffer {
  const lines = Array.from(
    { length: 1_000 },
    (_, i) =>
      `http_requests_total{code="${200 + (i % 5)}",handler="/api/${i}",method="get"}` +
      ` ${(i * 7919) % 100_003}.${i}`,
  );
  return Buffer.from(`${lines.join("\n")}\n`);
}

async function serve(): Promise<void> {
  const plain = page();
  const packed = gzipSync(plain);
  const server = createServer((request, response) => {
    response.setHeader("content-type", "text/plain; version=0.0.4");
    if (request.url === "/gzip") response.setHeader("content-encoding", "gzip").end(packed);
    else response.end(plain);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  process.send?.({
    port: (server.address() as AddressInfo).port,
    plain: plain.length,
    packed: packed.length,
  });
}

async function measure(): Promise<void> {
  const child = fork(import.meta.filename, ["serve"]);
  const [facts] = (await once(child, "message")) as [{ port: number; plain: number; packed: number }];
  console.log(`page ${facts.plain} bytes, packed ${facts.packed}`);
  const section = decodeDocument(parseYaml("{}", "bench"), object("config.plain", httpClientFields));
  for (const path of ["/plain", "/gzip"]) {
    const client = new HttpClient(`http://127.0.0.1:${facts.port}${path}`, { section, clock: systemClock });
    const run = async (rounds: number): Promise<number> => {
      const before = process.cpuUsage();
      for (let i = 0; i < rounds; i++)
        await client.get({ headers: [], timeoutMs: 10_000, bodyLimitBytes: 0 });
      const { user, system } = process.cpuUsage(before);
      return (user + system) / rounds;
    };
    await run(500);
    console.log(`${path}: ${(await run(3_000)).toFixed(0)} µs of processor time per request`);
    client.close();
  }
  child.kill();
}

await (process.argv[2] === "serve" ? serve() : measure());
