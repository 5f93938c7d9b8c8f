import assert from "node:assert/strict";
import { test } from "node:test";

import { Outline } from "./outline.ts";
import { tokenize } from "./tokens.ts";

const outline = (source: string): Outline => new Outline(tokenize(source));

test("functions: what counts as one, and how long it is", () => {
  const is = (source: string, ...want: string[]) => {
    const found = outline(source).functions();
    assert.deepEqual(
      found.map(({ name, line, endLine }) => `${name} ${line}-${endLine}`),
      want,
      source,
    );
  };
  is("function a() {\n}", "a 1-2");
  is("export async function a(\n  b: number,\n): Promise<void> {\n}", "a 1-4");
  is("function a(): { b: number } {\n return x;\n}", "a 1-3");
  is("function a(b: string): asserts b is `x` {\n}", "a 1-2");
  is("function a<T extends object>(b: T): Map<string, T> {\n}", "a 1-2");
  is("class A {\n  async b(): Promise<void> {\n  }\n}", "b 2-3");
  is("class A {\n  #b(c = { d: 1 }) {\n  }\n}", "#b 2-3");
  is("class A extends f(B) {\n}");
  is("const a = (\n  b: number,\n): number => {\n};", "(unnamed) 1-4");
  is("const a = { b() {\n } };", "b 1-2");
  is("if (a) {\n} else {\n}");
  is("const a = f(b) ? g(c) : { d: 1 };");
  is("interface A {\n  b(c: number): { d: string };\n  e(): void;\n}");
  is("for await (const a of b()) {\n}");
});

test("depth: blocks and inner functions inside the outermost function", () => {
  const is = (source: string, want: number) => {
    const outer = outline(source)
      .functions()
      .filter((extent) => extent.outermost);
    assert.equal(outer[0]?.depth, want, source);
  };
  is("function a() { return { b: { c: 1 } }; }", 0);
  is("function a() { if (b) { c(); } else { d(); } }", 1);
  is("function a() { if (b) { c(); } else if (d) { for (;;) { e(); } } }", 2);
  is("function a() { for (const b of c) { try { d(); } catch { e(); } } }", 2);
  is("function a() { b(() => { if (c) { d(); } }); }", 2);
  is("function a() { switch (b) { case 1: { c(); } } }", 1);
});

test("imports: static, dynamic, re-exported", () => {
  const is = (source: string, ...want: string[]) => {
    assert.deepEqual(
      outline(source)
        .imports()
        .map((edge) => edge.specifier),
      want,
      source,
    );
  };
  is(`import "a";`, "a");
  is(`import { b, type C } from "a";`, "a");
  is(`import type { B } from 'a';`, "a");
  is(`import a, * as b from "c";`, "c");
  is(`const a = await import("b");`, "b");
  is(`export { a } from "b"; export * from "c"; export type { D } from "e";`, "b", "c", "e");
  is(`export { a }; const from = "b"; import.meta.url;`);
  is(`const a = { import: "b" };`);
});

test("exports: which names, and whether documented", () => {
  const is = (source: string, ...want: string[]) => {
    const found = outline(source).exports();
    assert.deepEqual(
      found.map(({ name, documented }) => `${name}${documented ? " doc" : ""}`),
      want,
      source,
    );
  };
  is("/** A. */\nexport function a() {}", "a doc");
  is("// A.\nexport const a = 1;", "a");
  is("/** A. */\n\nexport class A {}", "A");
  is("/** A. */\nexport const A = {} as const;\nexport type A = 1;", "A doc");
  is("/** A. */\nconst a = 1;\nconst b = 2;\nexport { a, b };", "a doc", "b");
  is("/** A. */\nexport abstract class A {}\nexport interface B {}", "A doc", "B");
  is("function hidden() { const x = 1; }");
});
