/**
 * The syntax runs in a browser: its modules, and all they import, are loaded into a context that has what
 * every browser has and nothing of Node.
 *
 * Loading modules into a context needs a switch of Node's, so the test runs itself again with that switch on.
 */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import vm from "node:vm";
import type * as AstJson from "./ast-json.ts";
import type * as Parser from "./parser.ts";
import type * as PrettyPrinter from "./pretty-printer.ts";
import type * as Printer from "./printer.ts";

/** What of `vm.SourceTextModule` is used; the name is absent without the switch. */
interface ModuleOfContext {
  readonly namespace: Readonly<Record<string, unknown>>;
  link(linker: (specifier: string, from: { identifier: string }) => Promise<ModuleOfContext>): Promise<void>;
  evaluate(): Promise<void>;
}
type ModuleMaker = new (
  source: string,
  options: { context: vm.Context; identifier: string },
) => ModuleOfContext;

const maker = (vm as unknown as { readonly SourceTextModule?: ModuleMaker }).SourceTextModule;

/** Modules of one context, each loaded once. */
class BrowserModules {
  readonly urls: string[] = [];
  readonly #context = vm.createContext({ TextEncoder, TextDecoder });
  readonly #modules = new Map<string, ModuleOfContext>();
  readonly #make: ModuleMaker;

  constructor(make: ModuleMaker) {
    this.#make = make;
  }

  async load<Exports>(specifier: string): Promise<Exports> {
    const module = this.#module(resolve(specifier, import.meta.url));
    await module.link(async (other, { identifier }) => this.#module(resolve(other, identifier)));
    await module.evaluate();
    return module.namespace as Exports;
  }

  #module(url: string): ModuleOfContext {
    let module = this.#modules.get(url);
    if (module === undefined) {
      this.urls.push(url);
      assert.ok(url.startsWith("file:"), `${url} is no module of a browser`);
      const source = stripTypeScriptTypes(readFileSync(fileURLToPath(url), "utf8"));
      module = new this.#make(source, { context: this.#context, identifier: url });
      this.#modules.set(url, module);
    }
    return module;
  }
}

/** The source file behind an import: a neighbour, or a door of a package. */
function resolve(specifier: string, from: string): string {
  return specifier.startsWith(".") ? new URL(specifier, from).href : import.meta.resolve(specifier);
}

test("parser and printers run without Node", async () => {
  if (maker === undefined) {
    const args = ["--experimental-vm-modules", "--conditions=source", fileURLToPath(import.meta.url)];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, {
      encoding: "utf8",
      env: { ...process.env, NODE_TEST_CONTEXT: "" },
    });
    assert.equal(status, 0, stdout + stderr);
    return;
  }
  const modules = new BrowserModules(maker);
  const { parseQuery } = await modules.load<typeof Parser>("./parser.ts");
  const { printExpr } = await modules.load<typeof Printer>("./printer.ts");
  const { prettyPrint } = await modules.load<typeof PrettyPrinter>("./pretty-printer.ts");
  const { astJson } = await modules.load<typeof AstJson>("./ast-json.ts");
  const expr = parseQuery('sum(rate(foo{a=~"é|b.*"}[5m]))by(a)>0x1F');
  assert.equal(printExpr(expr), 'sum by (a) (rate(foo{a=~"é|b.*"}[5m])) > 31');
  assert.equal(prettyPrint(expr), printExpr(expr));
  assert.match(JSON.stringify(astJson(expr)), /"type":"binaryExpr"\}$/u);
  assert.throws(
    () => parseQuery("foo{"),
    /^ParseError: 1:5: parse error: unexpected end of input inside braces$/u,
  );
  assert.ok(modules.urls.length > 15, "all modules of the package were loaded, and what they import");
});
