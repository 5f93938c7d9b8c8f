import assert from "node:assert/strict";
import { test } from "node:test";
import { ConfigError } from "./config-error.ts";
import { parseYaml, type ConfigNode } from "./yaml-document.ts";

function data(node: ConfigNode | null): unknown {
  if (node === null) return null;
  if (node.kind === "scalar") return node.text;
  if (node.kind === "list") return node.items.map(data);
  return Object.fromEntries(node.entries.map(({ key, value }) => [key, data(value)]));
}

test("a document becomes a tree of nodes", () => {
  const is = (text: string, want: unknown) =>
    assert.deepEqual(data(parseYaml(text, "f.yml").root), want, text);
  is("", null);
  is("# only a comment\n", null);
  is("a: 1\nb: [x, 'y']", { a: "1", b: ["x", "y"] });
  is("a:\nb: ~", { a: "", b: "~" });
  is("x: &x {p: 1, q: 2}\ny: *x", { x: { p: "1", q: "2" }, y: { p: "1", q: "2" } });
  is("x: &x {p: 1, q: 2}\ny: {<<: *x, q: 3}", { x: { p: "1", q: "2" }, y: { q: "3", p: "1" } });
  is("y: yes\nn: 017\n1: one", { 1: "one", y: "yes", n: "017" });
  is("a: |\n  two\n  lines\n", { a: "two\nlines\n" });
  is("a: 1\n---\nb: 2", { a: "1" });
});

test("nodes know where they stand", () => {
  const document = parseYaml("global:\n  scrape_interval: 15s\n", "f.yml");
  const { root } = document;
  assert.ok(root?.kind === "map" && root.entries[0]?.value.kind === "map");
  const entry = root.entries[0].value.entries[0];
  assert.deepEqual(document.position(entry?.offset ?? 0), { line: 2, column: 3 });
  assert.deepEqual(document.position(entry?.value.offset ?? 0), { line: 2, column: 20 });
});

test("faults name file, line and column", () => {
  const fails = (text: string, why: RegExp) =>
    assert.throws(
      () => parseYaml(text, "f.yml"),
      (error: unknown) => {
        assert.ok(error instanceof ConfigError);
        assert.match(error.message, why);
        return true;
      },
      text,
    );
  fails("a: b: c", /^f\.yml:1:\d+: parsing YAML file f\.yml: yaml: line 1: mapping values are not allowed/u);
  fails("a: [1, 2", /^f\.yml:1:\d+: parsing YAML file f\.yml: yaml: line 1: /u);
  fails("a: 1\nb: *missing", /^f\.yml:2:4: .*unknown anchor|Unresolved alias/u);
  fails(
    `a: &a [x, x]\n${Array.from(
      { length: 40 },
      (_, i) => `${i === 0 ? "b0: &b0" : `b${i}: &b${i}`} [${i === 0 ? "*a, *a" : `*b${i - 1}, *b${i - 1}`}]`,
    ).join("\n")}`,
    /excessive aliasing/u,
  );
});
