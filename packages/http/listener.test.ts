import assert from "node:assert/strict";
import { request as send } from "node:http";
import { connect } from "node:net";
import { test } from "node:test";
import { gunzipSync, inflateSync } from "node:zlib";
import { systemClock } from "@narthex/platform/clock";
import type { HttpHandler } from "./exchange.ts";
import { ListenError, Listener, parseListenAddress, type ListenerOptions } from "./listener.ts";
import { Router } from "./router.ts";

interface Answer {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: Buffer;
}

function fetchFrom(
  listener: Listener,
  path: string,
  options: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Answer> {
  const { port } = listener.addresses[0] as { port: number };
  return new Promise((resolve, reject) => {
    const { method = "GET", headers = {}, body = "" } = options;
    const outgoing = send({ host: "127.0.0.1", port, path, method, headers, agent: false }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
      incoming.on("error", reject);
      incoming.on("end", () =>
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: Buffer.concat(chunks) }),
      );
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

async function withListener(
  handler: HttpHandler,
  run: (listener: Listener) => Promise<void>,
  options: Partial<ListenerOptions> = {},
): Promise<void> {
  const listener = await Listener.start([{ host: "127.0.0.1", port: 0 }], {
    handler,
    clock: systemClock,
    ...options,
  });
  try {
    await run(listener);
  } finally {
    await listener.stop(0);
  }
}

test("addresses", () => {
  const is = (text: string, host: string, port: number) =>
    assert.deepEqual(parseListenAddress(text), { host, port }, text);
  is("0.0.0.0:9090", "0.0.0.0", 9090);
  is(":9090", "", 9090);
  is("[::1]:80", "::1", 80);
  assert.throws(() => parseListenAddress("localhost"), ListenError);
  assert.throws(() => parseListenAddress("localhost:99999"), ListenError);
});

test("handlers see the request and answer it", async () => {
  const router = new Router();
  const echo: HttpHandler = async (request, response) => {
    const form = await request.form();
    response.header("content-type", "text/plain");
    await response.end(
      `${request.method} ${form
        .names()
        .map((name) => `${name}=${form.getAll(name).join("|")}`)
        .join(",")}`,
    );
  };
  router.on("GET", "/echo", echo);
  router.on("POST", "/echo", echo);
  await withListener(router.handle, async (listener) => {
    const is = async (path: string, options: object, status: number, body: string) => {
      const answer = await fetchFrom(listener, path, options);
      assert.deepEqual([answer.status, answer.body.toString()], [status, body], path);
    };
    const form = { "content-type": "application/x-www-form-urlencoded" };
    await is("/echo?a=1&b=%20", {}, 200, "GET a=1,b= ");
    await is("/echo?a=1", { method: "POST", headers: form, body: "a=2&c=3" }, 200, "POST a=2|1,c=3");
    await is(
      "/echo?a=1",
      { method: "POST", headers: { "content-type": "text/plain" }, body: "a=2" },
      200,
      "POST a=1",
    );
    await is("/nothing", {}, 404, "404 page not found\n");
    await is("/echo?a=%zz", {}, 500, "Internal Server Error\n");
  });
});

test("bodies are compressed when asked for", async () => {
  const page = "metric 1\n".repeat(5_000);
  const router = new Router();
  router.on("GET", "/whole", (_request, response) => {
    response.compress();
    return response.end(page);
  });
  router.on("GET", "/parts", async (_request, response) => {
    response.compress();
    for (let i = 0; i < 10; i++) await response.write(Buffer.from(page));
    await response.end();
  });
  await withListener(router.handle, async (listener) => {
    const get = (path: string, accept: string) =>
      fetchFrom(listener, path, { headers: { "accept-encoding": accept } });
    const plain = await get("/whole", "identity");
    assert.deepEqual([plain.headers["content-encoding"], plain.body.toString()], [undefined, page]);
    const packed = await get("/whole", "br, gzip");
    assert.deepEqual(
      [packed.headers["content-encoding"], gunzipSync(packed.body).toString()],
      ["gzip", page],
    );
    assert.equal(packed.headers["content-length"], String(packed.body.length));
    const deflated = await get("/whole", "deflate");
    assert.equal(inflateSync(deflated.body).toString(), page);
    const parts = await get("/parts", "gzip");
    assert.equal(gunzipSync(parts.body).toString(), page.repeat(10));
    assert.equal((await get("/parts", "")).body.toString(), page.repeat(10));
  });
});

test("a handler's error is a 500 and is reported", async () => {
  const seen: unknown[] = [];
  const handler: HttpHandler = () => {
    throw new Error("boom");
  };
  await withListener(
    handler,
    async (listener) => {
      const answer = await fetchFrom(listener, "/");
      assert.equal(answer.status, 500);
      assert.deepEqual(seen.map(String), ["Error: boom"]);
    },
    { onError: (error) => seen.push(error) },
  );
});

test("a client that goes away aborts the signal", async () => {
  let aborted: (value: boolean) => void = () => {};
  const gone = new Promise<boolean>((resolve) => {
    aborted = resolve;
  });
  const handler: HttpHandler = (request, response) =>
    new Promise((resolve) => {
      request.signal.addEventListener("abort", () => {
        aborted(request.signal.aborted);
        resolve(response.end());
      });
    });
  await withListener(handler, async (listener) => {
    const { port } = listener.addresses[0] as { port: number };
    const socket = connect(port, "127.0.0.1", () => socket.write("GET / HTTP/1.1\r\nhost: x\r\n\r\n"));
    setImmediate(() => setImmediate(() => socket.destroy()));
    assert.equal(await gone, true);
  });
});

test("connections over the limit are closed", async () => {
  await withListener(
    (_request, response) => response.end("ok"),
    async (listener) => {
      const { port } = listener.addresses[0] as { port: number };
      const open = async () => {
        const socket = connect(port, "127.0.0.1");
        await new Promise((resolve) => socket.once("connect", resolve));
        return socket;
      };
      const [first, second] = [await open(), await open()];
      const third = await open();
      third.on("error", () => {});
      await new Promise((resolve) => third.once("close", resolve));
      assert.equal(listener.connectionCount, 2);
      first.destroy();
      second.destroy();
    },
    { maxConnections: 2 },
  );
});

test("stop waits for running handlers; a taken port is an error", async () => {
  let release: () => void = () => {};
  const handler: HttpHandler = async (_request, response) => {
    await new Promise<void>((resolve) => {
      release = resolve;
    });
    await response.end("done");
  };
  const listener = await Listener.start([{ host: "127.0.0.1", port: 0 }], { handler, clock: systemClock });
  const address = listener.addresses[0] as { host: string; port: number };
  await assert.rejects(
    Listener.start([address], { handler, clock: systemClock }),
    /bind: address already in use/u,
  );
  const answer = fetchFrom(listener, "/");
  while (listener.connectionCount === 0) await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  const stopped = listener.stop(60_000);
  release();
  assert.equal((await answer).body.toString(), "done");
  await stopped;
  assert.equal(listener.connectionCount, 0);
});
