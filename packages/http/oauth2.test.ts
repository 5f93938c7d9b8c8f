import assert from "node:assert/strict";
import { createPublicKey, generateKeyPairSync, verify } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { decodeDocument } from "@narthex/config/decode";
import { object } from "@narthex/config/decode-section";
import { parseYaml } from "@narthex/config/yaml-document";
import { VirtualClock } from "@narthex/platform/virtual-clock";
import { checkHttpClient, httpClientFields } from "./client-config.ts";
import { HttpClient } from "./client.ts";

const block = object("config.plain", httpClientFields, checkHttpClient);

interface Asked {
  readonly form: URLSearchParams;
  readonly authorization: string | undefined;
}

interface Scene {
  readonly asked: Asked[];
  /** Authorization headers that the page was fetched with. */
  readonly shown: (string | undefined)[];
  readonly clock: VirtualClock;
  /** Fetches the page; "200", or the error's text. */
  readonly fetch: () => Promise<string>;
  answer: (asked: Asked) => { status?: number; type?: string; body: string };
}

async function scene(oauth2: object, run: (scene: Scene) => Promise<void>): Promise<void> {
  const asked: Asked[] = [];
  const shown: (string | undefined)[] = [];
  const clock = new VirtualClock();
  const server = createServer((request, response) => {
    if (request.url !== "/token") {
      shown.push(request.headers.authorization);
      response.end("page");
      return;
    }
    let body = "";
    request.on("data", (part: Buffer) => (body += part.toString()));
    request.on("end", () => {
      const one = { form: new URLSearchParams(body), authorization: request.headers.authorization };
      asked.push(one);
      const { status = 200, type = "application/json", body: text } = state.answer(one);
      response.writeHead(status, { "content-type": type }).end(text);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const yaml = JSON.stringify({ oauth2: { client_id: "me", token_url: `${url}/token`, ...oauth2 } });
  const section = decodeDocument(parseYaml(yaml, "f"), block);
  const clients = [1, 2].map(() => new HttpClient(`${url}/page`, { section, clock }));
  let turn = 0;
  const fetchOnce = async (): Promise<string> => {
    try {
      const client = clients[turn++ % 2] as HttpClient;
      return String((await client.get({ headers: [], timeoutMs: 5_000, bodyLimitBytes: 0 })).status);
    } catch (error) {
      return (error as Error).message.replaceAll(url, "");
    }
  };
  const state: Scene = {
    asked,
    shown,
    clock,
    fetch: fetchOnce,
    answer: () => ({ body: JSON.stringify({ access_token: `t${asked.length}`, expires_in: 60 }) }),
  };
  try {
    await run(state);
  } finally {
    for (const client of clients) client.close();
    server.closeAllConnections();
    server.close();
  }
}

test("a token is got with the secret, shared, and renewed before it ends", async () => {
  await scene({ client_secret: "s/", scopes: ["a", "b"], endpoint_params: { x: "1" } }, async (s) => {
    assert.deepEqual([await s.fetch(), await s.fetch()], ["200", "200"]);
    assert.deepEqual(s.shown, ["Bearer t1", "Bearer t1"]);
    assert.equal(s.asked[0]?.form.toString(), "grant_type=client_credentials&scope=a+b&x=1");
    assert.equal(s.asked[0]?.authorization, `Basic ${Buffer.from("me:s%2F").toString("base64")}`);
    await s.clock.advance(49_000);
    await s.fetch();
    await s.clock.advance(2_000);
    await s.fetch();
    assert.deepEqual(s.shown.slice(2), ["Bearer t1", "Bearer t2"]);
  });
});

test("a server that wants the secret in the form gets it there", async () => {
  await scene({ client_secret: "s" }, async (s) => {
    s.answer = ({ form }) =>
      form.get("client_secret") === "s"
        ? { type: "text/plain", body: "access_token=x&token_type=mac&expires_in=60" }
        : { status: 401, body: "{}" };
    assert.equal(await s.fetch(), "200");
    await s.clock.advance(60_000);
    assert.equal(await s.fetch(), "200");
    assert.deepEqual(s.shown, ["MAC x", "MAC x"]);
    assert.deepEqual(
      s.asked.map(({ authorization }) => authorization === undefined),
      [false, true, true],
    );
  });
});

test("refusals are told in the original's words", async () => {
  await scene({ client_secret: "s" }, async (s) => {
    const says = async (status: number, body: string, why: string) => {
      s.answer = () => ({ status, body });
      assert.equal(await s.fetch(), `Get "/page": ${why}`);
    };
    await says(500, "no", "oauth2: cannot fetch token: 500 Internal Server Error\nResponse: no");
    await says(
      400,
      '{"error": "invalid_client", "error_description": "who?"}',
      'oauth2: "invalid_client" "who?"',
    );
    await says(200, "{}", "oauth2: server response missing access_token");
    assert.deepEqual(s.shown, []);
  });
  await scene({ token_url: "http://127.0.0.1:1/token" }, async (s) => {
    const refused = 'Post "http://127.0.0.1:1/token": dial tcp 127.0.0.1:1: connect: connection refused';
    assert.equal(await s.fetch(), `Get "/page": ${refused}`);
  });
});

test("an assertion is signed with the client's key", async () => {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const client_certificate_key = privateKey.export({ type: "pkcs1", format: "pem" }).toString();
  const grant_type = "urn:ietf:params:oauth:grant-type:jwt-bearer";
  const more = {
    client_certificate_key_id: "k",
    signature_algorithm: "RS384",
    claims: { n: 1 },
    scopes: ["a"],
  };
  await scene({ grant_type, client_certificate_key, ...more }, async (s) => {
    assert.equal(await s.fetch(), "200");
    const form = s.asked[0]?.form;
    assert.equal(form?.get("grant_type"), grant_type);
    const [head = "", claims = "", signature = ""] = (form?.get("assertion") ?? "").split(".");
    const read = (part: string): unknown => JSON.parse(Buffer.from(part, "base64url").toString());
    assert.deepEqual(read(head), { alg: "RS384", kid: "k", typ: "JWT" });
    const { jti, aud, ...rest } = read(claims) as Record<string, unknown>;
    assert.match(String(jti), /^[0-9a-f-]{36}$/u);
    assert.match(String(aud), /\/token$/u);
    const iat = s.clock.nowMs() / 1000;
    assert.deepEqual(rest, { iss: "me", sub: "me", iat, exp: iat + 600, scope: "a", n: 1 });
    const key = createPublicKey(publicKey.export({ type: "spki", format: "pem" }));
    assert.ok(verify("sha384", Buffer.from(`${head}.${claims}`), key, Buffer.from(signature, "base64url")));
  });
  await scene({ grant_type, client_certificate_key: "x" }, async (s) => {
    assert.equal(await s.fetch(), 'Get "/page": invalid key: Key must be a PEM encoded PKCS1 or PKCS8 key');
  });
});
