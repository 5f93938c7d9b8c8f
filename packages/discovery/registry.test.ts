import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeDocument } from "@narthex/config/decode";
import { object } from "@narthex/config/decode-section";
import { parseYaml } from "@narthex/config/yaml-document";
import { discoveryFields, mechanismsOf } from "./registry.ts";

const block = object("config.plain", discoveryFields);
const read = (yaml: string) =>
  mechanismsOf(decodeDocument(parseYaml(yaml, "f"), block), (file) => `/etc/${file}`);

test("sections ask for mechanisms", () => {
  const asked = read(
    "static_configs: [{targets: [a]}]\nfile_sd_configs: [{files: [x.json]}]\nmsk_sd_configs: [{}]",
  );
  assert.deepEqual(
    asked.configs.map(({ name }) => name),
    ["file", "static"],
  );
  assert.deepEqual(asked.unsupported, ["msk_sd_configs"]);
  assert.match(asked.configs[0]?.identity ?? "", /\/etc\/x\.json/u);
  assert.equal(
    read("static_configs: [{targets: [a]}]").configs[0]?.identity,
    read("static_configs:\n- targets: [a]").configs[0]?.identity,
  );
});

test("faults carry the original's words", () => {
  const fails = (yaml: string, why: RegExp) => assert.throws(() => read(yaml), why, yaml);
  fails("static_configs:\n- ", /empty or null section in static_configs/u);
  fails("consul_sd_configs:\n- ", /empty or null section in consul_sd_configs/u);
  fails("consult_sd_configs: []", /field consult_sd_configs not found in type/u);
  fails(
    "static_configs: [{targets: [a], labels: {!!binary '/w==': x}}]",
    /"\\xff" is not a valid label name/u,
  );
});

test("sections print back as the original prints them, secrets hidden", () => {
  const shown = (yaml: string) => {
    const section = decodeDocument(parseYaml(yaml, "f"), block);
    return JSON.stringify(block.print(section));
  };
  const client = '"follow_redirects":true,"enable_http2":true';
  assert.equal(
    shown("dns_sd_configs: [{names: [a]}]"),
    '{"dns_sd_configs":[{"names":["a"],"refresh_interval":"30s","type":"SRV","port":0}]}',
  );
  assert.equal(
    shown("kubernetes_sd_configs: [{role: pod}]"),
    `{"kubernetes_sd_configs":[{"role":"pod","kubeconfig_file":"",${client}}]}`,
  );
  assert.match(
    shown("kubernetes_sd_configs: [{role: pod, namespaces: {names: [a]}}]"),
    /"namespaces":\{"own_namespace":false,"names":\["a"\]\}/u,
  );
  assert.match(shown("consul_sd_configs: [{token: t}]"), /"token":"<secret>"/u);
  assert.match(shown("ec2_sd_configs: [{}]"), /"endpoint":"","region":"","refresh_interval":"1m"/u);
});

test("a secret that changed makes another mechanism", () => {
  const identity = (token: string) =>
    read(`consul_sd_configs: [{token: ${token}, node_meta: {a: b}}]`).configs[0]?.identity;
  assert.equal(identity("a"), identity("a"));
  assert.notEqual(identity("a"), identity("b"));
});
