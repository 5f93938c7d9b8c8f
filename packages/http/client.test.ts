import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { decodeDocument } from "@narthex/config/decode";
import { object } from "@narthex/config/decode-section";
import { parseYaml } from "@narthex/config/yaml-document";
import { systemClock } from "@narthex/platform/clock";
import { VirtualClock } from "@narthex/platform/virtual-clock";
import { checkHttpClient, httpClientFields } from "./client-config.ts";
import { HttpClient, wholeBody, type GetOptions } from "./client.ts";

const block = object("config.plain", httpClientFields, checkHttpClient);
const read = (yaml: string) => decodeDocument(parseYaml(yaml, "f.yml"), block);

async function withServer(
  answer: RequestListener,
  run: (url: string, server: Server) => Promise<void>,
): Promise<void> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    await run(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, server);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

const asked = (more: Partial<GetOptions> = {}): GetOptions => ({
  headers: [],
  timeoutMs: 10_000,
  bodyLimitBytes: 0,
  ...more,
});

async function get(url: string, more: Partial<GetOptions> = {}, yaml = "{}"): Promise<string> {
  const client = new HttpClient(url, { section: read(yaml), clock: systemClock });
  try {
    const answer = await client.get(asked(more));
    assert.equal(wholeBody(answer).length, answer.sizeBytes);
    return `${answer.statusText} ${answer.contentType} ${Buffer.from(wholeBody(answer)).toString()}`;
  } finally {
    client.close();
  }
}

test("pages arrive, plain and packed, over one connection", async () => {
  const page = "m 1\n".repeat(20_000);
  const sockets = new Set<unknown>();
  const answer: RequestListener = (request, response) => {
    sockets.add(request.socket);
    response.setHeader("content-type", "text/plain");
    if (request.url === "/gzip") response.setHeader("content-encoding", "gzip").end(gzipSync(page));
    else if (request.url === "/empty") response.end();
    else if (request.url === "/missing") response.writeHead(404).end("no");
    else response.end(page);
  };
  await withServer(answer, async (url) => {
    assert.equal(await get(`${url}/plain`), `200 OK text/plain ${page}`);
    assert.equal(await get(`${url}/gzip`), `200 OK text/plain ${page}`);
    assert.equal(await get(`${url}/empty`), "200 OK text/plain ");
    assert.equal(await get(`${url}/missing`), "404 Not Found text/plain no");
    sockets.clear();
    const client = new HttpClient(`${url}/gzip`, { section: read("{}"), clock: systemClock });
    for (let i = 0; i < 3; i++) assert.equal((await client.get(asked())).sizeBytes, page.length);
    client.close();
    assert.equal(sockets.size, 1);
  });
});

test("limits and faults are errors in the original's words", async () => {
  const page = "x".repeat(1_000);
  const answer: RequestListener = (request, response) => {
    if (request.url === "/gzip") response.setHeader("content-encoding", "gzip").end(gzipSync(page));
    else if (request.url === "/broken") response.setHeader("content-encoding", "gzip").end("not gzip");
    else if (request.url === "/torn")
      response.setHeader("content-encoding", "gzip").end(gzipSync(page).subarray(0, 20));
    else if (request.url === "/loop") response.writeHead(302, { location: "/loop" }).end();
    else if (request.url === "/cut") request.socket.destroy();
    else response.end(page);
  };
  await withServer(answer, async (url) => {
    const fails = (promise: Promise<unknown>, code: string, message: string) =>
      assert.rejects(promise, { code, message });
    assert.ok(await get(`${url}/plain`, { bodyLimitBytes: 1_001 }));
    await fails(get(`${url}/plain`, { bodyLimitBytes: 1_000 }), "body-limit", "body size limit exceeded");
    assert.ok(await get(`${url}/gzip`, { bodyLimitBytes: 1_001 }));
    await fails(get(`${url}/gzip`, { bodyLimitBytes: 1_000 }), "body-limit", "body size limit exceeded");
    await fails(get(`${url}/broken`), "encoding", "gzip: invalid header");
    await fails(get(`${url}/torn`), "encoding", "unexpected EOF");
    await fails(get(`${url}/loop`), "redirect", 'Get "/loop": stopped after 10 redirects');
    await fails(get(`${url}/cut`), "network", `Get "${url}/cut": EOF`);
    await fails(
      get("http://127.0.0.1:1/m"),
      "network",
      'Get "http://127.0.0.1:1/m": dial tcp 127.0.0.1:1: connect: connection refused',
    );
  });
});

test("a request ends at its timeout, or when it is called off", async () => {
  await withServer(
    (request, response) => {
      if (request.url === "/half") response.write("half of it");
    },
    async (url) => {
      const clock = new VirtualClock();
      const run = async (path: string): Promise<unknown> => {
        const client = new HttpClient(url + path, { section: read("{}"), clock });
        const reason = client.get(asked({ timeoutMs: 500 })).catch((error: unknown) => error);
        while (true) {
          await new Promise((resolve) => setImmediate(resolve));
          if (path === "/none" || sawHalf) break;
        }
        await clock.advance(499);
        await clock.advance(1);
        client.close();
        return ((await reason) as Error).message;
      };
      const sawHalf = true;
      assert.equal(await run("/none"), `Get "${url}/none": context deadline exceeded`);
      assert.match(String(await run("/half")), /context deadline exceeded$/u);
      const stop = new AbortController();
      const called = get(`${url}/none`, { signal: stop.signal });
      setImmediate(() => stop.abort());
      await assert.rejects(called, { code: "canceled", message: `Get "${url}/none": context canceled` });
    },
  );
});

test("credentials and headers go to the first host only", async () => {
  const seen: (string | undefined)[] = [];
  const note = (request: IncomingMessage) =>
    seen.push(request.headers.authorization, request.headers["x-a"] as string);
  await withServer(
    (request, response) => {
      note(request);
      response.end("end");
    },
    async (otherAddress) => {
      const other = otherAddress.replace("127.0.0.1", "localhost");
      await withServer(
        (request, response) => {
          note(request);
          if (request.url === "/away") response.writeHead(302, { location: `${other}/x` }).end();
          else if (request.url === "/near") response.writeHead(307, { location: "/here" }).end();
          else response.end("here");
        },
        async (url) => {
          const yaml = "basic_auth: {username: u, password: p}\nhttp_headers: {x-a: {values: ['1']}}";
          const basic = `Basic ${Buffer.from("u:p").toString("base64")}`;
          assert.match(await get(`${url}/near`, {}, yaml), /here$/u);
          assert.deepEqual(seen.splice(0), [basic, "1", basic, "1"]);
          assert.match(await get(`${url}/away`, {}, yaml), /end$/u);
          assert.deepEqual(seen.splice(0), [basic, "1", undefined, undefined]);
          assert.match(await get(`${url}/away`, {}, "follow_redirects: false"), /^302 Found/u);
        },
      );
    },
  );
});

test("tokens are read from their file at every request", async () => {
  const folder = mkdtempSync(join(tmpdir(), "narthex-"));
  const file = join(folder, "token");
  const seen: unknown[] = [];
  try {
    await withServer(
      (request, response) => {
        seen.push(request.headers.authorization);
        response.end();
      },
      async (url) => {
        const client = new HttpClient(url, {
          section: read(`authorization: {credentials_file: ${file}}`),
          clock: systemClock,
        });
        for (const token of ["one", "two"]) {
          writeFileSync(file, `${token}\n`);
          await client.get(asked());
        }
        rmSync(file);
        await assert.rejects(
          client.get(asked()),
          /unable to read authorization credentials: unable to read file .*: open .*: no such file/u,
        );
        client.close();
        assert.deepEqual(seen, ["Bearer one", "Bearer two"]);
      },
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("a connection that the server closed meanwhile is opened anew", async () => {
  await withServer(
    (_request, response) => response.end("ok"),
    async (url, server) => {
      const client = new HttpClient(url, { section: read("{}"), clock: systemClock });
      for (let i = 0; i < 3; i++) {
        assert.equal((await client.get(asked())).status, 200);
        server.closeIdleConnections();
      }
      client.close();
    },
  );
});
