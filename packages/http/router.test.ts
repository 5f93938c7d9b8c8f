import assert from "node:assert/strict";
import { test } from "node:test";
import type { HttpRequest, HttpResponse } from "./exchange.ts";
import { Router } from "./router.ts";

/** What a router answers: `status body`, with the location or allowed methods where there are some. */
async function answer(router: Router, method: string, target: string): Promise<string> {
  const [path = "", rawQuery = ""] = target.split("?");
  let body = "";
  const headers = new Map<string, string>();
  const response = {
    status: 200,
    header: (name: string, value: string) => headers.set(name, value),
    end: (text = "") => {
      body = text;
      return Promise.resolve();
    },
  } as unknown as HttpResponse;
  await router.handle({ method, path, rawQuery } as HttpRequest, response);
  const extra = headers.get("location") ?? headers.get("allow") ?? "";
  return `${response.status} ${body.trim()} ${extra}`.replace(/ +/gu, " ").trim();
}

test("routes", async () => {
  const router = new Router();
  const echo = (request: HttpRequest, response: HttpResponse) =>
    response.end(`${request.route} ${JSON.stringify(request.params)}`);
  router.on("GET", "/", echo);
  router.on("GET", "/api/v1/query", echo);
  router.on("POST", "/api/v1/query", echo);
  router.on("GET", "/api/v1/label/:name/values", echo);
  router.on("GET", "/api/v1/label/fixed/values", echo);
  router.on("GET", "/static/*path", echo);
  router.on("GET", "/dir/", echo);

  const is = async (method: string, target: string, want: string) =>
    assert.equal(await answer(router, method, target), want, `${method} ${target}`);
  await is("GET", "/", "200 / {}");
  await is("GET", "/api/v1/query?query=up", "200 /api/v1/query {}");
  await is("GET", "/api/v1/label/job/values", '200 /api/v1/label/:name/values {"name":"job"}');
  await is("GET", "/api/v1/label/fixed/values", "200 /api/v1/label/fixed/values {}");
  await is("GET", "/static/css/a.css", '200 /static/*path {"path":"/css/a.css"}');
  await is("GET", "/api/v1/nothing", "404 404 page not found");
  await is("GET", "/api/v1/label//values", "404 404 page not found");
  await is("PUT", "/api/v1/query", "405 Method Not Allowed GET, OPTIONS, POST");
  await is("OPTIONS", "/api/v1/query", "200 GET, OPTIONS, POST");
  await is("GET", "/api/v1/query/?a=b", "301 /api/v1/query?a=b");
  await is("POST", "/api/v1/query/", "308 /api/v1/query");
  await is("GET", "/dir", "301 /dir/");
});

test("the same route twice is a bug", () => {
  const router = new Router();
  router.on("GET", "/a", () => {});
  assert.throws(() => router.on("GET", "/a", () => {}), /no second handler/u);
});
