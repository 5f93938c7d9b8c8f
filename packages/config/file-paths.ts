/**
 * Paths in configuration files: relative ones stand beside the file they are written in, and some hold a
 * pattern.
 */

import type { Disk } from "@narthex/platform/disk";

/** The directory of a file, "." for a bare name. */
export function directoryOf(file: string): string {
  const slashAt = file.lastIndexOf("/");
  if (slashAt < 0) return ".";
  return slashAt === 0 ? "/" : file.slice(0, slashAt);
}

/** `file` as seen from `directory`; absolute and empty ones stay as they are. */
export function joinDirectory(directory: string, file: string): string {
  if (file === "" || file.startsWith("/")) return file;
  return cleanPath(`${directory}/${file}`);
}

/** The shortest path with the same meaning: no `.`, no `//`, `..` only in front. */
function cleanPath(path: string): string {
  const kept: string[] = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part === ".." && kept.length > 0 && kept.at(-1) !== "..") kept.pop();
    else if (part !== ".." || !path.startsWith("/")) kept.push(part);
  }
  const joined = kept.join("/");
  if (path.startsWith("/")) return `/${joined}`;
  return joined === "" ? "." : joined;
}

/**
 * The files that `pattern` names, ascending: `*`, `?` and `[…]` in the last segment. A pattern without them
 * names itself, when there is such a file.
 */
export function expandGlob(disk: Disk, pattern: string): readonly string[] {
  const directory = directoryOf(pattern);
  const last = pattern.slice(pattern.lastIndexOf("/") + 1);
  if (!/[*?[]/u.test(last)) return disk.exists(pattern) ? [pattern] : [];
  const facts = disk.stat(directory);
  if (facts === null || !facts.isDirectory) return [];
  const shape = globShape(last);
  const lead = pattern.slice(0, pattern.length - last.length);
  return disk
    .list(directory)
    .filter((name) => shape.test(name))
    .map((name) => lead + name);
}

function globShape(glob: string): RegExp {
  const source = glob.replace(/\[\^?[^\]]+\]|[*?]|[\\^$.|+(){}[\]]/gu, (part) => {
    if (part === "*") return "[^/]*";
    if (part === "?") return "[^/]";
    return part.length > 1 ? part : `\\${part}`;
  });
  return new RegExp(`^${source}$`, "su");
}
