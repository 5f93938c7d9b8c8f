/**
 * Checks that the packages depend on each other as ARCHITECTURE.md says. `node tools/layers.ts` prints
 * `file:line: law: what` for each breach and exits 1 when there is one.
 *
 * The layer block of ARCHITECTURE.md is the fenced block with a line that begins with `ground`. Each line is
 * `<layer>   <package> <package> …   <remark>`, columns three or more spaces apart; the lowest layer stands
 * last, and within a line a package may use those left of it. `apps/<name>` are the programs: they use any
 * package.
 *
 * What is checked
 *  - every package is in the list, every listed package exists;
 *  - a package.json depends only on earlier packages, and a file imports only what its package.json declares;
 *  - across packages only doors are imported, and every door leads to a file of its own name;
 *  - tsconfig.json references are the dependencies, and the root refers to every project;
 *  - nobody imports a program, and no relative import leaves its package.
 */

import { posix } from "node:path";
import { builtinModules } from "node:module";

import { breach, report, type Breach } from "./breach.ts";
import { readRepository, type FileTexts } from "./find-files.ts";
import { Outline } from "./outline.ts";
import { tokenize } from "./tokens.ts";

const scope = "@narthex/";
const architecture = "ARCHITECTURE.md";

/** The parts of a package.json and tsconfig.json that say what depends on what. */
interface Manifest {
  readonly name?: string;
  readonly workspaces?: readonly string[];
  readonly exports?: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly references?: readonly { readonly path: string }[];
}

/** Folders of all packages and programs in order of dependency, e.g. `packages/bytes`, `apps/narthex`. */
export function readLayers(text: string): string[] {
  const block = /^```[^\n]*\n((?:(?!```)[^\n]*\n)*?ground\s[^\n]*\n)(?:(?!```)[^\n]*\n)*?```/m.exec(
    text,
  )?.[0];
  if (block === undefined)
    throw new Error(`cannot read ${architecture}: want a fenced block with a line "ground"`);
  const layers = block
    .split("\n")
    .slice(1, -1)
    .filter((line) => line.trim() !== "");
  return layers.toReversed().flatMap((line) => {
    const names = line.trim().split(/\s{3,}/)[1];
    if (names === undefined)
      throw new Error(`cannot read ${architecture}: want "layer   packages", got "${line}"`);
    return names.split(/\s+/).map((name) => (name.startsWith("apps/") ? name : `packages/${name}`));
  });
}

/** All breaches of the layering. */
export function checkLayers(files: FileTexts): Breach[] {
  let order: string[];
  try {
    order = readLayers(files.get(architecture) ?? "");
  } catch (error) {
    return [breach(architecture, 1, "layers", error instanceof Error ? error.message : String(error))];
  }
  const found = [...checkList(files, order), ...checkRoot(files, order)];
  order.forEach((folder, position) => {
    const manifest = readJson(files, `${folder}/package.json`);
    if (manifest === undefined) return;
    found.push(...checkManifest(folder, manifest, order.slice(0, position)));
    found.push(...checkReferences(files, folder, manifest));
    found.push(...checkDoors(files, folder, manifest));
  });
  for (const [path, text] of files) {
    if (path.endsWith(".ts")) found.push(...checkImports(files, order, path, text));
  }
  return found;
}

function checkList(files: FileTexts, order: readonly string[]): Breach[] {
  const found: Breach[] = [];
  const seen = new Set<string>();
  for (const folder of order) {
    if (seen.has(folder)) found.push(breach(architecture, 1, "layers", `${folder} is listed twice`));
    seen.add(folder);
    if (!files.has(`${folder}/package.json`))
      found.push(breach(architecture, 1, "layers", `${folder} does not exist`));
  }
  for (const path of files.keys()) {
    const folder = /^((?:packages|apps)\/[^/]+)\/package\.json$/.exec(path)?.[1];
    if (folder !== undefined && !seen.has(folder))
      found.push(breach(path, 1, "layers", `not in ${architecture}`));
  }
  return found;
}

/** The root's workspaces and references reach every project. */
function checkRoot(files: FileTexts, order: readonly string[]): Breach[] {
  const found: Breach[] = [];
  const workspaces = readJson(files, "package.json")?.workspaces ?? [];
  const references = readReferences(files, "tsconfig.json");
  for (const folder of order) {
    if (!workspaces.includes(`${posix.dirname(folder)}/*`) && !workspaces.includes(folder)) {
      found.push(breach("package.json", 1, "workspaces", `${folder} is not among them`));
    }
    if (!references.includes(folder))
      found.push(breach("tsconfig.json", 1, "references", `${folder} is missing`));
  }
  for (const reference of references) {
    if (!files.has(`${reference}/tsconfig.json`)) {
      found.push(breach("tsconfig.json", 1, "references", `${reference} has no tsconfig.json`));
    }
  }
  return found;
}

function checkManifest(folder: string, manifest: Manifest, earlier: readonly string[]): Breach[] {
  const path = `${folder}/package.json`;
  const found: Breach[] = [];
  const wanted = folder.startsWith("packages/")
    ? `${scope}${posix.basename(folder)}`
    : posix.basename(folder);
  if (manifest.name !== wanted)
    found.push(breach(path, 1, "manifest", `want name ${wanted}, got ${manifest.name}`));
  for (const dependency of internalDependencies(manifest)) {
    if (!earlier.includes(`packages/${dependency}`)) {
      found.push(breach(path, 1, "order", `${scope}${dependency} does not come before ${wanted}`));
    }
  }
  for (const [name, version] of Object.entries(manifest.dependencies ?? {})) {
    if (!/^\d+\.\d+\.\d+$/.test(version))
      found.push(breach(path, 1, "manifest", `${name}: "${version}" is no exact pin`));
  }
  return found;
}

function checkReferences(files: FileTexts, folder: string, manifest: Manifest): Breach[] {
  const path = `${folder}/tsconfig.json`;
  if (!files.has(path)) return [breach(path, 1, "references", "missing")];
  const wanted = internalDependencies(manifest).map((name) => `packages/${name}`);
  const got = readReferences(files, path);
  return [
    ...wanted
      .filter((name) => !got.includes(name))
      .map((name) => breach(path, 1, "references", `${name} is missing`)),
    ...got
      .filter((name) => !wanted.includes(name))
      .map((name) => breach(path, 1, "references", `${name} is no dependency`)),
  ];
}

/** A door is a concept file of the package: same name, source, types and default. */
function checkDoors(files: FileTexts, folder: string, manifest: Manifest): Breach[] {
  const path = `${folder}/package.json`;
  const found: Breach[] = [];
  for (const [door, target] of Object.entries(manifest.exports ?? {})) {
    if (typeof target === "string") continue;
    const name = door.replace(/^\.\//, "");
    const { source, types } = target;
    const wrong =
      source !== `./${name}.ts` ||
      types !== `./dist/${name}.d.ts` ||
      target["default"] !== `./dist/${name}.js`;
    if (wrong)
      found.push(breach(path, 1, "door", `${door} does not lead to ${name}.ts and what is built from it`));
    if (!files.has(`${folder}/${name}.ts`)) found.push(breach(path, 1, "door", `${name}.ts does not exist`));
  }
  return found;
}

function checkImports(files: FileTexts, order: readonly string[], path: string, text: string): Breach[] {
  const home = order.find((folder) => path.startsWith(`${folder}/`)) ?? posix.dirname(path).split("/")[0]!;
  const found: Breach[] = [];
  let outline: Outline;
  try {
    outline = new Outline(tokenize(text));
  } catch {
    return found; // the laws say that the file is not readable
  }
  for (const { specifier, line } of outline.imports()) {
    const what = specifier.startsWith(".")
      ? wrongRelative(home, path, specifier)
      : wrongPackage(files, home, path, specifier);
    if (what !== undefined) found.push(breach(path, line, "import", what));
  }
  return found;
}

function wrongRelative(home: string, path: string, specifier: string): string | undefined {
  const target = posix.join(posix.dirname(path), specifier);
  // Benches beside real servers start them as the tests do.
  if (target.startsWith(`${home}/`) || (home === "bench" && target.startsWith("tests/"))) return undefined;
  return `${specifier} leaves ${home}`;
}

function wrongPackage(files: FileTexts, home: string, path: string, specifier: string): string | undefined {
  if (specifier.startsWith("node:") || builtinModules.includes(specifier)) return undefined;
  const name = /^(?:@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier;
  const manifest = readJson(files, `${home}/package.json`);
  const isTest = /\.(?:test|bench)\.ts$/.test(path) || manifest === undefined;
  if (name.startsWith(scope)) {
    const wrong = wrongDoor(files, name.slice(scope.length), specifier);
    if (wrong !== undefined) return wrong;
  }
  const declared = { ...manifest?.dependencies, ...manifest?.optionalDependencies };
  if (name in declared) return undefined;
  // Tests, benches and tools use any door.
  if (manifest === undefined && name.startsWith(scope)) return undefined;
  const development = {
    ...manifest?.devDependencies,
    ...readJson(files, "package.json")?.devDependencies,
  };
  if (isTest && name in development) return undefined;
  if (manifest === undefined) return name === "narthex" ? "a program is not imported" : undefined;
  return `${name} is not a dependency of ${home}`;
}

function wrongDoor(files: FileTexts, name: string, specifier: string): string | undefined {
  const manifest = readJson(files, `packages/${name}/package.json`);
  if (manifest === undefined) return `there is no package ${scope}${name}`;
  const door = `.${specifier.slice(scope.length + name.length)}`;
  return manifest.exports !== undefined && door in manifest.exports
    ? undefined
    : `${specifier} is not a door`;
}

function internalDependencies(manifest: Manifest): string[] {
  const all = { ...manifest.dependencies, ...manifest.devDependencies, ...manifest.optionalDependencies };
  return Object.keys(all)
    .filter((name) => name.startsWith(scope))
    .map((name) => name.slice(scope.length));
}

/** Folders that a tsconfig.json refers to, from the root. */
function readReferences(files: FileTexts, path: string): string[] {
  const { references = [] } = readJson(files, path) ?? {};
  return references.map((reference) => posix.join(posix.dirname(path), reference.path));
}

function readJson(files: FileTexts, path: string): Manifest | undefined {
  const text = files.get(path);
  return text === undefined ? undefined : (JSON.parse(text) as Manifest);
}

if (import.meta.main) process.exitCode = report(checkLayers(readRepository()));
