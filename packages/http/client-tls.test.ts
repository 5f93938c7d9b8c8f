/**
 * TLS against real servers of this machine: names, versions, client certificates, HTTP/2.
 */

import assert from "node:assert/strict";
import { createSecureServer } from "node:http2";
import { createServer, type Server as SecureServer, type ServerOptions } from "node:https";
import type { AddressInfo, Server } from "node:net";
import type { IncomingMessage, ServerResponse } from "node:http";
import { test } from "node:test";
import type { TLSSocket } from "node:tls";
import { decodeDocument } from "@narthex/config/decode";
import { object } from "@narthex/config/decode-section";
import { parseYaml } from "@narthex/config/yaml-document";
import { systemClock } from "@narthex/platform/clock";
import { checkHttpClient, httpClientFields } from "./client-config.ts";
import { bodyText, HttpClient } from "./client.ts";
import { createAuthority, noCertificates, type TestAuthority } from "./test-certificates.ts";

const block = object("config.plain", httpClientFields, checkHttpClient);
const section = (data: object) => decodeDocument(parseYaml(JSON.stringify(data), "f.yml"), block);

async function fetchText(client: HttpClient, body?: string): Promise<string> {
  const answer = await client.request({
    headers: ["x-a", "1"],
    timeoutMs: 10_000,
    bodyLimitBytes: 0,
    ...(body === undefined ? {} : { method: "POST", body: Buffer.from(body) }),
  });
  return `${answer.statusText} ${bodyText(answer)}`;
}

async function once(url: string, data: object): Promise<string> {
  const client = new HttpClient(url, { section: section(data), clock: systemClock });
  try {
    return await fetchText(client);
  } catch (error) {
    return (error as Error).message;
  } finally {
    client.close();
  }
}

async function listening(server: Server, run: (port: number) => Promise<void>): Promise<void> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    await run((server.address() as AddressInfo).port);
  } finally {
    (server as Partial<SecureServer>).closeAllConnections?.();
    server.close();
  }
}

const authority: TestAuthority | null = noCertificates === false ? createAuthority() : null;
const served = authority?.issue("server", "DNS:localhost,DNS:other.example,IP:127.0.0.1");
const client = authority?.issue("client", "DNS:client");
test.after(() => authority?.remove());

const answer = (request: IncomingMessage, response: ServerResponse): void => {
  response.end(`${request.method} HTTP/${request.httpVersion} x-a=${String(request.headers["x-a"])}`);
};
const secure = (options: ServerOptions = {}) => createServer({ ...served, ...options }, answer);
const skip = noCertificates;

test("servers are checked against the authority and their name", { skip }, async () => {
  await listening(secure(), async (port) => {
    const url = `https://127.0.0.1:${port}/`;
    const { ca } = authority as TestAuthority;
    const fine = "200 OK GET HTTP/1.1 x-a=1";
    const refused = `Get "${url}": tls: failed to verify certificate: x509: `;
    assert.equal(await once(url, { tls_config: { ca } }), fine);
    assert.equal(await once(url, { tls_config: { insecure_skip_verify: true } }), fine);
    assert.equal(await once(url, {}), `${refused}certificate signed by unknown authority`);
    assert.equal(await once(url, { tls_config: { ca, server_name: "other.example" } }), fine);
    assert.equal(await once(url, { tls_config: { ca, server_name: "127.0.0.1" } }), fine);
    assert.equal(
      await once(url, { tls_config: { ca, server_name: "127.0.0.9" } }),
      `${refused}certificate is valid for 127.0.0.1, not 127.0.0.9`,
    );
    assert.equal(
      await once(url, { tls_config: { ca, server_name: "wrong.example" } }),
      `${refused}certificate is valid for localhost, other.example, not wrong.example`,
    );
    assert.equal(await once(`http://127.0.0.1:${port}/`, {}), `Get "http://127.0.0.1:${port}/": EOF`);
  });
});

test("versions are kept within their bounds", { skip }, async () => {
  await listening(secure({ maxVersion: "TLSv1.2" }), async (port) => {
    const { ca } = authority as TestAuthority;
    const url = `https://localhost:${port}/`;
    assert.match(await once(url, { tls_config: { ca, max_version: "TLS12" } }), /^200 OK/u);
    assert.equal(
      await once(url, { tls_config: { ca, min_version: "TLS13" } }),
      `Get "${url}": remote error: tls: protocol version not supported`,
    );
  });
  const crossed = section({ tls_config: { min_version: "TLS13", max_version: "TLS12" } });
  assert.throws(
    () => new HttpClient("https://a/", { section: crossed, clock: systemClock }),
    /tls_config.max_version must be greater than or equal to tls_config.min_version if both are specified/u,
  );
});

test("client certificates are shown, and read anew when their files change", { skip }, async () => {
  const { ca, write } = authority as TestAuthority;
  const server = createServer(
    { ...served, ca, requestCert: true, rejectUnauthorized: true },
    (request, response) => {
      const socket = request.socket as TLSSocket;
      response.end(String(socket.getPeerCertificate().subject.CN));
    },
  );
  await listening(server, async (port) => {
    const url = `https://localhost:${port}/`;
    const ending = /: (?:EOF|remote error: tls: certificate required|read: connection reset by peer)$/u;
    assert.match(await once(url, { tls_config: { ca } }), ending);
    const files = {
      ca_file: write("used-ca.pem", ca),
      cert_file: write("used.pem", client?.cert ?? ""),
      key_file: write("used.key", client?.key ?? ""),
    };
    const fetching = new HttpClient(url, { section: section({ tls_config: files }), clock: systemClock });
    assert.equal(await fetchText(fetching), "200 OK client");
    const second = (authority as TestAuthority).issue("second", "DNS:second");
    write("used.pem", second.cert);
    write("used.key", second.key);
    assert.equal(await fetchText(fetching), "200 OK second");
    write("used.key", "nonsense");
    await assert.rejects(
      fetchText(fetching),
      /unable to use specified client cert \(file .*used.pem\) & key/u,
    );
    fetching.close();
  });
});

test("files that cannot be used are refused when the client is made", { skip }, () => {
  const fails = (tls: object, why: RegExp) =>
    assert.throws(
      () => new HttpClient("https://a/", { section: section({ tls_config: tls }), clock: systemClock }),
      why,
    );
  fails(
    { ca_file: "/none" },
    /^Error: unable to read CA cert: unable to read file \/none: open \/none: no such file/u,
  );
  fails({ ca: "x" }, /^Error: unable to use specified CA cert inline$/u);
  fails({ ca_ref: "x" }, /^Error: unable to use CA cert: cannot use secret ref without manager$/u);
  fails(
    { cert: "x", key: "y" },
    /^Error: unable to use specified client cert \(inline\) & key \(inline\): /u,
  );
});

test("HTTP/2 is spoken where both want it", { skip }, async () => {
  const { ca } = authority as TestAuthority;
  const server = createSecureServer({ ...served, allowHTTP1: true }, (request, response) => {
    let body = "";
    request.on("data", (part: Buffer) => (body += part.toString()));
    request.on("end", () => {
      if (request.url === "/large") response.end("x".repeat(200_000));
      else if (request.url === "/cut") (response.stream ?? request.socket).destroy();
      else if (request.url === "/away") {
        response.writeHead(302, { location: "/" });
        response.end();
      } else
        response.end(
          `${request.method} HTTP/${request.httpVersion} ${String(request.headers["x-a"])} ${body}`,
        );
    });
  });
  await listening(server, async (port) => {
    const url = `https://localhost:${port}/`;
    assert.equal(await once(url, { tls_config: { ca } }), "200 OK GET HTTP/2.0 1 ");
    assert.equal(await once(url, { tls_config: { ca }, enable_http2: false }), "200 OK GET HTTP/1.1 1 ");
    assert.equal(await once(`${url}away`, { tls_config: { ca } }), "200 OK GET HTTP/2.0 1 ");
    assert.equal((await once(`${url}large`, { tls_config: { ca } })).length, 200_007);
    assert.match(await once(`${url}cut`, { tls_config: { ca } }), /^Get ".*": /u);
    const kept = new HttpClient(url, { section: section({ tls_config: { ca } }), clock: systemClock });
    for (const body of ["a", "", "b"])
      assert.equal(await fetchText(kept, body), `200 OK POST HTTP/2.0 1 ${body}`);
    await assert.rejects(kept.get({ headers: [], timeoutMs: 10_000, bodyLimitBytes: 3 }), {
      code: "body-limit",
      message: "body size limit exceeded",
    });
    assert.equal(await fetchText(kept), "200 OK GET HTTP/2.0 1 ");
    kept.close();
  });
});
