import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeDocument } from "@narthex/config/decode";
import { object } from "@narthex/config/decode-section";
import { parseYaml } from "@narthex/config/yaml-document";
import { checkHttpClient, httpClientFields, joinHttpClientFiles } from "./client-config.ts";

const block = object("config.plain", httpClientFields, checkHttpClient);
const read = (yaml: string) => decodeDocument(parseYaml(yaml, "f.yml"), block);

test("defaults and folding", () => {
  const empty = read("{}");
  assert.deepEqual([empty.follow_redirects, empty.enable_http2, empty.basic_auth], [true, true, null]);
  assert.equal(read("follow_redirects: false").follow_redirects, false);
  const folded = read("bearer_token: t");
  assert.deepEqual([folded.authorization?.type, folded.authorization?.credentials.reveal()], ["Bearer", "t"]);
  assert.equal(read("authorization: {credentials: x}").authorization?.type, "Bearer");
  assert.deepEqual(block.print(read("basic_auth: {username: u, password: p}\nproxy_url: http://a:b@c/")), {
    basic_auth: { username: "u", password: "<secret>" },
    follow_redirects: true,
    enable_http2: true,
    proxy_url: "http://a:xxxxx@c/",
  });
});

test("contradictions are refused in the original's words", () => {
  const fails = (yaml: string, why: string) =>
    assert.throws(
      () => read(yaml),
      (error: Error) => error.message.endsWith(`: ${why}`),
      `${yaml} → ${why}`,
    );
  fails(
    "bearer_token: a\nbearer_token_file: b",
    "at most one of bearer_token & bearer_token_file must be configured",
  );
  fails(
    "bearer_token: a\nbasic_auth: {username: b}",
    "at most one of basic_auth, oauth2, bearer_token & bearer_token_file must be configured",
  );
  fails(
    "basic_auth: {password: a, password_file: b}",
    "at most one of basic_auth password, password_file & password_ref must be configured",
  );
  fails(
    "authorization: {type: Basic}",
    'authorization type cannot be set to "basic", use "basic_auth" instead',
  );
  fails(
    "authorization: {credentials: a}\nbasic_auth: {username: b}",
    "at most one of basic_auth, oauth2 & authorization must be configured",
  );
  fails("oauth2: {token_url: 'http://x'}", "oauth2 client_id must be configured");
  fails(
    "tls_config: {cert_file: a}",
    "exactly one of key or key_file must be configured when a client certificate is configured",
  );
  fails("tls_config: {min_version: TLS9}", "unknown TLS version: TLS9");
  fails("no_proxy: a", "if no_proxy is configured, proxy_url must also be configured");
  fails(
    "proxy_url: http://a\nproxy_from_environment: true",
    "if proxy_from_environment is configured, proxy_url must not be configured",
  );
  fails("proxy_url: ':x'", 'parse ":x": missing protocol scheme');
  fails("http_headers: {user-agent: {values: [x]}}", 'setting header "User-Agent" is not allowed');
  fails(
    "basic_auth: {user: a}",
    "yaml: unmarshal errors:\n  line 1: field user not found in type config.BasicAuth",
  );
});

test("files are joined", () => {
  const join = (file: string) => (file === "" ? "" : `/etc/${file}`);
  const joined = read("basic_auth: {password_file: p}\nhttp_headers: {x: {files: [a]}}");
  joinHttpClientFiles(joined, join);
  assert.deepEqual([joined.basic_auth?.password_file, joined.basic_auth?.username_file], ["/etc/p", ""]);
  assert.deepEqual(joined.http_headers?.get("x")?.files, ["/etc/a"]);
  const oauth = read(
    "oauth2: {client_id: a, token_url: 'http://b', client_secret_file: s, tls_config: {ca_file: c}}",
  );
  joinHttpClientFiles(oauth, join);
  assert.deepEqual(
    [oauth.oauth2?.client_secret_file, oauth.oauth2?.tls_config?.ca_file],
    ["/etc/s", "/etc/c"],
  );
});

test("claims keep their kinds", () => {
  const claims = read(
    "oauth2: {client_id: a, token_url: 'http://b', " +
      "claims: {n: 1, f: 1.5, t: x, y: true, l: [1, {k: v}], z: }}",
  ).oauth2?.claims;
  assert.deepEqual(
    [...(claims ?? [])],
    [
      ["n", 1],
      ["f", 1.5],
      ["t", "x"],
      ["y", true],
      ["l", [1, { k: "v" }]],
      ["z", null],
    ],
  );
});
