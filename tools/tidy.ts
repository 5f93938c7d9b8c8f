/**
 * The laws of the house (ARCHITECTURE.md, "Laws"), checked over the sources as text. `node tools/tidy.ts`
 * prints `file:line: law: what` for each breach and exits 1 when there is one. There is no list of
 * exceptions: what a law does not bind is said in the law.
 *
 * tidy-paths.ts, tidy-source.ts and tidy-graph.ts hold the laws; here they are put together and run.
 */

import { readRepository, type FileTexts } from "./find-files.ts";
import { breach, report, type Breach } from "./breach.ts";
import { Outline } from "./outline.ts";
import { checkImportRings } from "./tidy-graph.ts";
import { checkPath, checkReadmes } from "./tidy-paths.ts";
import { checkSource } from "./tidy-source.ts";
import { tokenize } from "./tokens.ts";

/** All breaches of the laws in `files`, by path and line. */
export function checkLaws(files: FileTexts): Breach[] {
  const found: Breach[] = checkReadmes(files);
  const outlines = new Map<string, Outline>();
  for (const [path, text] of files) {
    found.push(...checkPath(path));
    if (!/\.(?:ts|js|mjs)$/.test(path)) continue;
    try {
      const tokens = tokenize(text);
      const outline = new Outline(tokens);
      outlines.set(path, outline);
      found.push(...checkSource({ path, text, tokens, outline, files }));
    } catch (error) {
      found.push(breach(path, 1, "readable", error instanceof Error ? error.message : String(error)));
    }
  }
  found.push(...checkImportRings(files, outlines));
  return found.toSorted((a, b) => (a.path === b.path ? a.line - b.line : a.path < b.path ? -1 : 1));
}

if (import.meta.main) process.exitCode = report(checkLaws(readRepository()));
