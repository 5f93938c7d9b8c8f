/**
 * Requests of all kinds against a real server: bodies, redirects, headers, several at a time.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeDocument } from "@narthex/config/decode";
import { object } from "@narthex/config/decode-section";
import { parseYaml } from "@narthex/config/yaml-document";
import { systemClock } from "@narthex/platform/clock";
import { checkHttpClient, httpClientFields } from "./client-config.ts";
import { bodyText, HttpClient, type RequestOptions } from "./client.ts";
import { withApi, type Replay } from "./replay-server.ts";

const block = object("config.plain", httpClientFields, checkHttpClient);

async function withClient(
  replay: Replay,
  run: (
    ask: (more: Partial<RequestOptions>) => ReturnType<HttpClient["request"]>,
    url: string,
  ) => Promise<void>,
  data: object = {},
): Promise<void> {
  await withApi(replay, async (url) => {
    const section = decodeDocument(parseYaml(JSON.stringify(data), "f"), block);
    const client = new HttpClient(url, { section, clock: systemClock });
    try {
      await run(
        (more) => client.request({ headers: [], timeoutMs: 10_000, bodyLimitBytes: 0, ...more }),
        url,
      );
    } finally {
      client.close();
    }
  });
}

const echo: Replay = ({ method, path, body, headers, response }) => {
  const away = /^\/to(30[1-8])$/u.exec(path)?.[1];
  if (away !== undefined) {
    response.writeHead(Number(away), { location: "/end" }).end();
    return undefined;
  }
  response.setHeader("x-seen", "yes");
  return { method, path, body, auth: headers["authorization"], length: headers["content-length"] };
};

test("bodies go out; a redirect of 301 to 303 turns into GET, 307 and 308 keep method and body", async () => {
  await withClient(echo, async (ask, url) => {
    const told = async (more: Partial<RequestOptions>) => JSON.parse(bodyText(await ask(more))) as object;
    const body = Buffer.from("é");
    assert.deepEqual(await told({ method: "POST", body }), {
      method: "POST",
      path: "/",
      body: "é",
      length: "2",
    });
    assert.deepEqual(await told({ method: "PUT", url: `${url}/x`, body }), {
      method: "PUT",
      path: "/x",
      body: "é",
      length: "2",
    });
    for (const [status, method] of [
      ["301", "GET"],
      ["302", "GET"],
      ["303", "GET"],
      ["307", "POST"],
      ["308", "POST"],
    ]) {
      const seen = (await told({ method: "POST", url: `${url}/to${status}`, body })) as {
        method: string;
        body: string;
      };
      assert.deepEqual([seen.method, seen.body], [method, method === "POST" ? "é" : ""], status);
    }
    assert.equal((await ask({})).header("x-seen"), "yes");
    assert.equal((await ask({})).header("x-other"), "");
  });
});

test("what the URL says of who asks goes before the configuration, and does not show in errors", async () => {
  const run = async (
    ask: (more: Partial<RequestOptions>) => ReturnType<HttpClient["request"]>,
    url: string,
  ) => {
    const withUser = url.replace("http://", "http://u:p%40@");
    const { auth } = JSON.parse(bodyText(await ask({ url: withUser }))) as { auth: string };
    assert.equal(auth, `Basic ${Buffer.from("u:p@").toString("base64")}`);
    await assert.rejects(ask({ url: "http://u:secret@127.0.0.1:1/" }), {
      message: 'Get "http://u:***@127.0.0.1:1/": dial tcp 127.0.0.1:1: connect: connection refused',
    });
  };
  await withClient(echo, run, { bearer_token: "t" });
});

test("requests at one time have connections of their own; bodies may be taken as they come", async () => {
  const waiting: (() => void)[] = [];
  const replay: Replay = ({ response }) => {
    response.write("one ");
    waiting.push(() => response.end("two"));
    if (waiting.length === 2) for (const end of waiting) end();
    return undefined;
  };
  await withClient(replay, async (ask) => {
    const parts: string[] = [];
    const onBody = (bytes: Uint8Array): void => void parts.push(Buffer.from(bytes).toString());
    const [streamed, kept] = await Promise.all([ask({ onBody }), ask({})]);
    assert.equal(parts.join(""), "one two");
    assert.equal(streamed.chunks.length, 0);
    assert.equal(bodyText(kept), "one two");
  });
});

test("an answer that breaks off is not asked for again", async () => {
  let count = 0;
  const replay: Replay = ({ path, response }) => {
    if (path === "/fine") return {};
    count++;
    response.writeHead(200, { "content-length": "100" });
    response.write("half", () => response.destroy());
    return undefined;
  };
  await withClient(replay, async (ask, url) => {
    await ask({ url: `${url}/fine` });
    await assert.rejects(ask({}), { code: "network", message: /unexpected EOF|connection reset/u });
    assert.equal(count, 1);
  });
});
