/**
 * A small repository that is in order, then one change at a time that is not; at the end the repository
 * itself.
 */

import assert from "node:assert/strict";
import { test } from "node:test";

import { readRepository } from "./find-files.ts";
import { checkLayers, readLayers } from "./layers.ts";

const door = (name: string) => ({
  source: `./${name}.ts`,
  types: `./dist/${name}.d.ts`,
  default: `./dist/${name}.js`,
});
const json = (value: unknown) => JSON.stringify(value);
const references = (...paths: string[]) => json({ references: paths.map((path) => ({ path })) });

const fence = "```\n";
const layers = "programs   apps/run\nlanguage   b c   nouns\nground   a   know nothing\n";

const sound: Readonly<Record<string, string>> = {
  "ARCHITECTURE.md": `# A\n\n${fence}tree\n${fence}\n${fence}${layers}${fence}`,
  "package.json": json({ workspaces: ["packages/*", "apps/*"], devDependencies: { "fast-check": "4.10.2" } }),
  "tsconfig.json": references("packages/a", "packages/b", "packages/c", "apps/run"),
  "packages/a/package.json": json({ name: "@narthex/a", exports: { "./x": door("x") } }),
  "packages/a/tsconfig.json": references(),
  "packages/a/x.ts": "",
  "packages/b/package.json": json({
    name: "@narthex/b",
    dependencies: { "@narthex/a": "0.1.0", yaml: "2.9.1" },
  }),
  "packages/b/tsconfig.json": references("../a"),
  "packages/b/y.ts": `import { x } from "@narthex/a/x";\nimport "./z.ts";\nimport { parse } from "yaml";\n`,
  "packages/b/y.test.ts": `import fc from "fast-check";\nimport test from "node:test";\n`,
  "packages/c/package.json": json({ name: "@narthex/c" }),
  "packages/c/tsconfig.json": references(),
  "apps/run/package.json": json({ name: "run", dependencies: { "@narthex/b": "0.1.0" } }),
  "apps/run/tsconfig.json": references("../../packages/b"),
  "tests/peers/p.test.ts": `import { x } from "@narthex/a/x";\nimport { q } from "./q.ts";\n`,
};

/** What is wrong after `changes` (undefined removes a file), one `path: law` per breach. */
function wrong(changes: Readonly<Record<string, string | undefined>>): string[] {
  const files = new Map<string, string>();
  for (const [path, text] of Object.entries({ ...sound, ...changes })) {
    if (text !== undefined) files.set(path, text);
  }
  return checkLayers(files).map(({ path, law }) => `${path}: ${law}`);
}

test("the layer block is read from the bottom, left to right", () => {
  assert.deepEqual(readLayers(sound["ARCHITECTURE.md"]!), [
    "packages/a",
    "packages/b",
    "packages/c",
    "apps/run",
  ]);
  assert.throws(() => readLayers("# no block\n"), /fenced block/);
  assert.throws(() => readLayers("```\nground a b\n```\n"), /layer {3}packages/);
});

test("a sound repository is content", () => assert.deepEqual(wrong({}), []));

test("the list and the packages are the same", () => {
  const manifest = json({ name: "@narthex/d" });
  assert.deepEqual(wrong({ "packages/d/package.json": manifest }), ["packages/d/package.json: layers"]);
  assert.ok(wrong({ "packages/c/package.json": undefined }).includes("ARCHITECTURE.md: layers"));
});

test("only earlier packages, pinned exactly, under the right name", () => {
  const manifest = (name: string, dependency: string, version = "0.1.0") => ({
    "packages/b/package.json": json({
      name,
      dependencies: { "@narthex/a": "0.1.0", yaml: "2.9.1", [dependency]: version },
    }),
  });
  const later = {
    ...manifest("@narthex/b", "@narthex/c"),
    "packages/b/tsconfig.json": references("../a", "../c"),
  };
  assert.deepEqual(wrong(later), ["packages/b/package.json: order"]);
  assert.deepEqual(wrong(manifest("@narthex/b", "zod", "^4.0.0")), ["packages/b/package.json: manifest"]);
  assert.deepEqual(wrong(manifest("b", "zod", "4.0.0")), ["packages/b/package.json: manifest"]);
});

test("imports: only declared packages, only doors, nothing relative across packages", () => {
  const fails = (path: string, specifier: string) => {
    const text = `import { a } from "${specifier}";\n`;
    assert.deepEqual(wrong({ [path]: text }), [`${path}: import`], `${specifier} in ${path}`);
  };
  fails("packages/b/y.ts", "@narthex/a/hidden");
  fails("packages/b/y.ts", "@narthex/a");
  fails("packages/b/y.ts", "@narthex/none/x");
  fails("packages/b/y.ts", "../a/x.ts");
  fails("packages/b/y.ts", "zod");
  fails("packages/b/y.ts", "fast-check");
  fails("packages/b/y.ts", "run");
  fails("packages/c/y.ts", "@narthex/a/x");
  fails("packages/c/y.test.ts", "@narthex/a/x");
  fails("tests/peers/p.test.ts", "../../packages/a/x.ts");
  fails("tests/peers/p.test.ts", "@narthex/a/hidden");
});

test("doors lead to files of their own name", () => {
  const manifest = (exports: unknown) => ({
    "packages/a/package.json": json({ name: "@narthex/a", exports }),
  });
  assert.deepEqual(wrong(manifest({ "./x": door("x"), "./gone": door("gone") })), [
    "packages/a/package.json: door",
  ]);
  assert.deepEqual(wrong(manifest({ "./x": { ...door("x"), default: "./x.js" } })), [
    "packages/a/package.json: door",
  ]);
});

test("workspaces and tsconfig references agree", () => {
  assert.deepEqual(wrong({ "packages/b/tsconfig.json": references() }), [
    "packages/b/tsconfig.json: references",
  ]);
  assert.deepEqual(wrong({ "packages/c/tsconfig.json": references("../a") }), [
    "packages/c/tsconfig.json: references",
  ]);
  const root = references("packages/a", "packages/b", "packages/c");
  assert.deepEqual(wrong({ "tsconfig.json": root }), ["tsconfig.json: references"]);
  const manifest = json({ workspaces: ["packages/*"] });
  assert.ok(wrong({ "package.json": manifest }).includes("package.json: workspaces"));
});

test("the repository keeps its layers", () => {
  assert.deepEqual(
    checkLayers(readRepository()).map(({ path, line, law, what }) => `${path}:${line}: ${law}: ${what}`),
    [],
  );
});
