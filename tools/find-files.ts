/**
 * Lists the files of the repository as they lie on the disk, without what is installed, built or cached.
 */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Absolute path of the repository, with a slash at its end. */
export const repositoryRoot = fileURLToPath(new URL("..", import.meta.url));

const skippedFolders = new Set(["node_modules", "dist", ".git", ".cache", "coverage"]);
const textEndings = /\.(?:ts|js|mjs|json|md)$/;

/** Paths relative to the root, `/` between parts, sorted. The folder `data` of the root is left out. */
export function findFiles(root: string = repositoryRoot): string[] {
  const found: string[] = [];
  const visit = (folder: string): void => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      if (entry.isFile()) found.push(path);
      else if (entry.isDirectory() && !skippedFolders.has(entry.name) && path !== "data") visit(path);
    }
  };
  visit("");
  return found.toSorted();
}

/** A repository as plain data: path → text (empty for files that are not source, JSON or Markdown). */
export type FileTexts = ReadonlyMap<string, string>;

/** Reads all files of the repository. */
export function readRepository(root: string = repositoryRoot): FileTexts {
  const texts = new Map<string, string>();
  for (const path of findFiles(root)) {
    texts.set(path, textEndings.test(path) ? readFileSync(join(root, path), "utf8") : "");
  }
  return texts;
}
