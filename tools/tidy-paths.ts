/**
 * Laws about where files lie and what they are called, and about the README of each package.
 *
 * Depth is at most packages/<package>/<family>/<file>, the same under apps/, and <room>/<family>/<file>
 * elsewhere.
 */

import { breach, type Breach } from "./breach.ts";
import type { FileTexts } from "./find-files.ts";

const forbiddenNames = /^(?:utils?|commons?|helpers?|misc|types?|shared|base|core)$/;
const sourceEndings = /(?:\.(?:test|property\.test|bench|d))*\.(?:ts|js|mjs)$/;
const readmeLines = { least: 8, most: 120 };

/** The laws that a path can break. */
export function checkPath(path: string): Breach[] {
  const found: Breach[] = [];
  const parts = path.split("/");
  const room = parts[0]!;
  if (room.startsWith(".") || parts.length === 1) return found;
  const deepest = room === "packages" || room === "apps" ? 4 : 3;
  if (parts.length > deepest)
    found.push(breach(path, 1, "folder-depth", `${parts.length} levels, at most ${deepest}`));
  for (const part of parts) {
    const name = part === parts.at(-1) ? part.replace(sourceEndings, "") : part;
    if (forbiddenNames.test(name)) found.push(breach(path, 1, "name", `"${name}" names no concept`));
    if (part === parts.at(-1) && /^index\.(?:ts|js|mjs)$/.test(part)) {
      found.push(breach(path, 1, "no-index", "a file is named after its concept"));
    }
    if (sourceEndings.test(part) && !/^[a-z0-9.-]+$/.test(part)) {
      found.push(breach(path, 1, "name", "file names are kebab-case"));
    }
  }
  return found;
}

/** Every package and app has a README of about one page. */
export function checkReadmes(files: FileTexts): Breach[] {
  const found: Breach[] = [];
  for (const path of files.keys()) {
    const folder = /^((?:packages|apps)\/[^/]+)\/package\.json$/.exec(path)?.[1];
    if (folder === undefined) continue;
    const text = files.get(`${folder}/README.md`);
    if (text === undefined) {
      found.push(breach(`${folder}/README.md`, 1, "readme", "missing"));
      continue;
    }
    const lines = text.trim().split("\n").length;
    if (lines < readmeLines.least) {
      found.push(
        breach(
          `${folder}/README.md`,
          1,
          "readme",
          `${lines} lines: say what it is, its doors, what must hold`,
        ),
      );
    }
    if (lines > readmeLines.most)
      found.push(breach(`${folder}/README.md`, 1, "readme", `${lines} lines, want one page`));
  }
  return found;
}
