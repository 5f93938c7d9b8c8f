import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "@narthex/platform/virtual-clock";
import { refusal, targetsOf, watching, withApi, type SeenRequest } from "../test-world.ts";
import { http } from "./http.ts";

test("groups are fetched, replaced and emptied", async () => {
  let answer: object | number = [{ targets: ["a:1", "a:2"], labels: { k: "v" } }, { targets: ["b:1"] }];
  const replay = ({ response }: SeenRequest) => {
    if (typeof answer === "object") response.setHeader("content-type", "application/json; charset=utf-8");
    return answer;
  };
  await withApi(replay, async (url, seen) => {
    const clock = new VirtualClock();
    await watching(
      http,
      { url: `${url}/sd`, refresh_interval: "30s", basic_auth: { username: "u", password: "p" } },
      async ({ groups, counted, errors, until }) => {
        await until(() => groups.size > 0);
        assert.deepEqual(targetsOf(groups), [
          { __address__: "a:1", __meta_url: `${url}/sd`, k: "v" },
          { __address__: "a:2", __meta_url: `${url}/sd`, k: "v" },
          { __address__: "b:1", __meta_url: `${url}/sd` },
        ]);
        const headers = seen[0]?.headers ?? {};
        assert.deepEqual(
          [headers["accept"], headers["x-prometheus-refresh-interval-seconds"], headers["user-agent"]],
          ["application/json", "30", "Prometheus/test"],
        );
        assert.match(headers["authorization"] ?? "", /^Basic /u);
        answer = 503;
        await clock.advance(30_000);
        await until(() => errors.length > 0);
        assert.equal(errors[0], "server returned HTTP status 503 Service Unavailable");
        assert.equal(targetsOf(groups).length, 3);
        answer = [{ targets: ["c:1"] }];
        await clock.advance(30_000);
        await until(() => groups.size === 1);
        assert.equal(targetsOf(groups)[0]?.["__address__"], "c:1");
        assert.equal(counted.get("prometheus_sd_http_failures_total"), 1);
        assert.equal(counted.get("refresh failure"), 1);
      },
      { clock },
    );
  });
});

test("what is no list of groups is refused", async () => {
  const says = async (body: string, type: string, why: RegExp) => {
    const replay = ({ response }: SeenRequest) => {
      response.setHeader("content-type", type);
      response.end(body);
      return undefined;
    };
    await withApi(replay, async (url) => {
      await watching(http, { url }, async ({ errors, until }) => {
        await until(() => errors.length > 0);
        assert.match(errors[0] ?? "", why);
      });
    });
  };
  await says("[]", "text/plain", /^unsupported content type "text\/plain"$/u);
  await says("{}", "application/json", /^json: cannot unmarshal object/u);
  await says("[null]", "application/json", /^nil target group item found$/u);
  await says("[", "application/json", /JSON/u);
});

test("a connection that is cut keeps what was known", async () => {
  let cuts = false;
  const replay = ({ response }: SeenRequest) => {
    if (!cuts) return [{ targets: ["a:1"] }];
    response.writeHead(200, { "content-type": "application/json", "content-length": "100" });
    response.write("[{", () => response.destroy());
    return undefined;
  };
  await withApi(replay, async (url) => {
    const clock = new VirtualClock();
    const look = async ({ groups, errors, until }: Parameters<Parameters<typeof watching>[2]>[0]) => {
      await until(() => groups.size === 1);
      cuts = true;
      await clock.advance(60_000);
      await until(() => errors.length > 0);
      assert.match(errors[0] ?? "", /unexpected EOF/u);
      assert.equal(groups.size, 1);
    };
    await watching(http, { url }, look, { clock });
  });
});

test("sections are checked", () => {
  assert.equal(refusal(http, "{}"), "URL is missing");
  assert.equal(refusal(http, "url: ftp://x"), "URL scheme must be 'http' or 'https'");
  assert.equal(refusal(http, "url: 'http:///x'"), "host is missing in URL");
  assert.match(refusal(http, "url: http://a\nuser: x"), /field user not found in type http.plain/u);
});
