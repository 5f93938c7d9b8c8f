/**
 * The law against rings: no file imports itself through others, and no package does. Type imports count,
 * since a ring of types is read as a ring too.
 */

import { posix } from "node:path";

import { breach, type Breach } from "./breach.ts";
import type { FileTexts } from "./find-files.ts";
import type { Outline } from "./outline.ts";

type Graph = Map<string, Set<string>>;

/** Rings among the files, and among the packages. */
export function checkImportRings(files: FileTexts, outlines: ReadonlyMap<string, Outline>): Breach[] {
  const byFile: Graph = new Map();
  const byPackage: Graph = new Map();
  for (const [path, outline] of outlines) {
    const from = packageOf(path);
    for (const { specifier } of outline.imports()) {
      const target = resolveImport(path, specifier, files);
      if (target === undefined) continue;
      edgesOf(byFile, path).add(target);
      const to = packageOf(target);
      if (from !== undefined && to !== undefined && from !== to) edgesOf(byPackage, from).add(to);
    }
  }
  return [
    ...findRings(byFile).map((ring) => breach(ring[0]!, 1, "file-ring", [...ring, ring[0]!].join(" -> "))),
    ...findRings(byPackage).map((ring) => {
      return breach(`packages/${ring[0]!}/package.json`, 1, "package-ring", [...ring, ring[0]!].join(" -> "));
    }),
  ];
}

/** The file of this repository that `specifier` names in `path`, undefined for all others. */
export function resolveImport(path: string, specifier: string, files: FileTexts): string | undefined {
  if (specifier.startsWith(".")) {
    const target = posix.join(posix.dirname(path), specifier);
    return [target, `${target}.ts`].find((candidate) => files.has(candidate));
  }
  const [, name, door] = /^@narthex\/([^/]+)\/(.+)$/.exec(specifier) ?? [];
  if (name === undefined) return undefined;
  const target = `packages/${name}/${door}.ts`;
  return files.has(target) ? target : undefined;
}

function packageOf(path: string): string | undefined {
  return /^packages\/([^/]+)\//.exec(path)?.[1];
}

function edgesOf(graph: Graph, node: string): Set<string> {
  const known = graph.get(node);
  if (known !== undefined) return known;
  const fresh = new Set<string>();
  graph.set(node, fresh);
  return fresh;
}

/** One shortest ring for each group of nodes that reach each other; a ring starts at its smallest node. */
function findRings(graph: Graph): string[][] {
  const rings: string[][] = [];
  const settled = new Set<string>();
  for (const start of [...graph.keys()].toSorted()) {
    if (settled.has(start)) continue;
    const ring = shortestRing(graph, start);
    if (ring === undefined) continue;
    rings.push(ring);
    for (const node of ring) settled.add(node);
  }
  return rings;
}

function shortestRing(graph: Graph, start: string): string[] | undefined {
  const cameFrom = new Map<string, string>();
  const queue = [start];
  for (const node of queue) {
    for (const next of graph.get(node) ?? []) {
      if (next === start) {
        const ring = [node];
        while (ring[0] !== start) ring.unshift(cameFrom.get(ring[0]!)!);
        return ring;
      }
      if (cameFrom.has(next)) continue;
      cameFrom.set(next, node);
      queue.push(next);
    }
  }
  return undefined;
}
