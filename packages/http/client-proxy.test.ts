/**
 * Proxies against real ones of this machine: forwarding, CONNECT, SOCKS 5, and who is exempt.
 */

import assert from "node:assert/strict";
import { createServer, type RequestListener } from "node:http";
import { createServer as createSecureServer } from "node:https";
import {
  connect,
  createServer as createPlainServer,
  type AddressInfo,
  type Server,
  type Socket,
} from "node:net";
import { test } from "node:test";
import { decodeDocument } from "@narthex/config/decode";
import { object } from "@narthex/config/decode-section";
import { parseYaml } from "@narthex/config/yaml-document";
import { systemClock } from "@narthex/platform/clock";
import { checkHttpClient, httpClientFields } from "./client-config.ts";
import { bodyText, HttpClient } from "./client.ts";
import { proxyChooser } from "./proxy.ts";
import { createAuthority, noCertificates } from "./test-certificates.ts";

const block = object("config.plain", httpClientFields, checkHttpClient);
const section = (data: object) => decodeDocument(parseYaml(JSON.stringify(data), "f.yml"), block);

async function once(url: string, data: object): Promise<string> {
  const client = new HttpClient(url, { section: section(data), clock: systemClock });
  try {
    const answer = await client.get({ headers: ["x-a", "1"], timeoutMs: 10_000, bodyLimitBytes: 0 });
    return `${answer.status} ${bodyText(answer)}`;
  } catch (error) {
    return (error as Error).message;
  } finally {
    client.close();
  }
}

async function listening(server: Server, run: (port: number) => Promise<void>): Promise<void> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    await run((server.address() as AddressInfo).port);
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
  }
}

/** An HTTP proxy that notes what it is asked. */
function httpProxy(log: string[], refuse = false): Server {
  const forward: RequestListener = (request, response) => {
    log.push(`${request.method} ${request.url} ${String(request.headers["proxy-authorization"])}`);
    response.end("by proxy");
  };
  const server = createServer(forward);
  server.on("connect", (request, socket: Socket) => {
    const { "proxy-authorization": auth, "x-c": header } = request.headers;
    log.push(`${request.method} ${request.url} ${String(auth)} ${String(header)}`);
    if (refuse) {
      socket.end("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
      return;
    }
    const [host, port] = (request.url ?? "").split(":");
    const onward = connect(Number(port), host, () => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      socket.pipe(onward).pipe(socket);
    });
    for (const side of [socket, onward]) side.on("error", () => onward.destroy());
  });
  return server;
}

/** A SOCKS 5 proxy with the user u and the password p. */
function socksProxy(log: string[]): Server {
  return createPlainServer((socket) => {
    let step = 0;
    socket.on("error", () => {});
    socket.on("data", function take(bytes: Buffer) {
      step++;
      if (step === 1) socket.write(Buffer.from([5, bytes.includes(2, 2) ? 2 : 0]));
      else if (step === 2 && bytes[0] === 1) {
        log.push(bytes.toString("latin1").replace(/[^a-z]/gu, ""));
        socket.write(Buffer.from([1, 0]));
      } else {
        socket.off("data", take);
        const length = bytes[4] ?? 0;
        const host =
          bytes[3] === 1 ? bytes.subarray(4, 8).join(".") : bytes.toString("latin1", 5, 5 + length);
        const port = bytes.readUInt16BE(bytes.length - 2);
        log.push(host);
        const onward = connect(port, host, () => {
          socket.write(Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]));
          socket.pipe(onward).pipe(socket);
        });
        onward.on("error", () => socket.destroy());
      }
    });
  });
}

test("plain requests are handed to the proxy whole", async () => {
  const log: string[] = [];
  await listening(httpProxy(log), async (port) => {
    assert.equal(
      await once("http://a.example:99/x?y=z", { proxy_url: `http://127.0.0.1:${port}` }),
      "200 by proxy",
    );
    assert.equal(
      await once("http://a.example/", { proxy_url: `http://u:p%40@127.0.0.1:${port}` }),
      "200 by proxy",
    );
    assert.deepEqual(log, [
      "GET http://a.example:99/x?y=z undefined",
      `GET http://a.example/ Basic ${Buffer.from("u:p@").toString("base64")}`,
    ]);
  });
  assert.equal(
    await once("http://a.example/", { proxy_url: "http://127.0.0.1:1" }),
    'Get "http://a.example/": dial tcp 127.0.0.1:1: connect: connection refused',
  );
});

test("TLS goes through a tunnel", { skip: noCertificates }, async () => {
  const authority = createAuthority();
  const served = authority.issue("server", "DNS:localhost,IP:127.0.0.1");
  const log: string[] = [];
  const server = createSecureServer({ ...served }, (_request, response) => response.end("secret"));
  try {
    await listening(server, async (port) => {
      const url = `https://127.0.0.1:${port}/`;
      const tls_config = { ca: authority.ca };
      await listening(httpProxy(log), async (proxyPort) => {
        const proxy_url = `http://u:p@127.0.0.1:${proxyPort}`;
        const headers = { proxy_connect_header: { "x-c": ["1"] } };
        assert.equal(await once(url, { proxy_url, tls_config, ...headers }), "200 secret");
        const auth = `Basic ${Buffer.from("u:p").toString("base64")}`;
        assert.deepEqual(log.splice(0), [`CONNECT 127.0.0.1:${port} ${auth} 1`]);
      });
      await listening(httpProxy(log, true), async (proxyPort) => {
        const proxy_url = `http://127.0.0.1:${proxyPort}`;
        assert.equal(
          await once(url, { proxy_url, tls_config }),
          `Get "${url}": Proxy Authentication Required`,
        );
      });
      await listening(socksProxy(log), async (proxyPort) => {
        log.length = 0;
        assert.equal(
          await once(url, { proxy_url: `socks5://u:p@127.0.0.1:${proxyPort}`, tls_config }),
          "200 secret",
        );
        assert.deepEqual(log, ["up", "127.0.0.1"]);
      });
      assert.equal(
        await once(url, { proxy_url: "http://127.0.0.1:1", tls_config }),
        `Get "${url}": proxyconnect tcp: dial tcp 127.0.0.1:1: connect: connection refused`,
      );
    });
  } finally {
    authority.remove();
  }
});

test("SOCKS carries plain requests by name", async () => {
  const log: string[] = [];
  await listening(
    createServer((_request, response) => response.end("x".repeat(100_000))),
    async (port) => {
      await listening(socksProxy(log), async (proxyPort) => {
        const proxy_url = `socks5://127.0.0.1:${proxyPort}`;
        assert.equal((await once(`http://localhost:${port}/`, { proxy_url })).length, 100_004);
        assert.deepEqual(log, ["localhost"]);
      });
    },
  );
});

test("no_proxy and the environment choose", () => {
  const chosen = (url: string, data: object, environment: Record<string, string> = {}): string =>
    proxyChooser(section(data), environment)?.(new URL(url))?.host ?? "direct";
  const exempt = (list: string, url: string) => chosen(url, { proxy_url: "http://p", no_proxy: list });
  assert.equal(chosen("http://a/", {}), "direct");
  assert.equal(chosen("http://127.0.0.1/", { proxy_url: "http://p" }), "p");
  assert.equal(exempt("x", "http://127.0.0.1/"), "direct");
  assert.equal(exempt("x", "http://localhost/"), "direct");
  assert.equal(exempt("*", "http://a/"), "direct");
  assert.equal(exempt("example.com", "http://example.com/"), "direct");
  assert.equal(exempt("example.com", "http://a.example.com/"), "direct");
  assert.equal(exempt("example.com", "http://notexample.com/"), "p");
  assert.equal(exempt(".example.com", "http://example.com/"), "p");
  assert.equal(exempt("*.example.com", "http://a.example.com/"), "direct");
  assert.equal(exempt("a:81", "http://a/"), "p");
  assert.equal(exempt("a:80", "http://a/"), "direct");
  assert.equal(exempt("a:443, b", "https://a/"), "direct");
  assert.equal(exempt("10.0.0.0/8", "http://10.1.2.3/"), "direct");
  assert.equal(exempt("10.0.0.0/8", "http://11.1.2.3/"), "p");
  assert.equal(exempt("10.0.0.1", "http://10.0.0.1:9/"), "direct");
  assert.equal(exempt("10.0.0.1:8", "http://10.0.0.1:9/"), "p");
  assert.equal(exempt("fd00::/8", "http://[fd00::1]/"), "direct");

  const fromEnvironment = (url: string, environment: Record<string, string>) =>
    chosen(url, { proxy_from_environment: true }, environment);
  assert.equal(fromEnvironment("http://a/", {}), "direct");
  assert.equal(fromEnvironment("http://a/", { HTTP_PROXY: "p:1" }), "p:1");
  assert.equal(fromEnvironment("http://a/", { http_proxy: "http://p:1" }), "p:1");
  assert.equal(fromEnvironment("https://a/", { HTTP_PROXY: "p:1" }), "direct");
  assert.equal(fromEnvironment("https://a/", { HTTPS_PROXY: "p:1" }), "p:1");
  assert.equal(fromEnvironment("http://a/", { HTTP_PROXY: "p:1", NO_PROXY: "a" }), "direct");
  assert.throws(
    () => fromEnvironment("http://a/", { HTTP_PROXY: "p:1", REQUEST_METHOD: "GET" }),
    /refusing to use HTTP_PROXY value in CGI environment/u,
  );
});
