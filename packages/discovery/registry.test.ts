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
