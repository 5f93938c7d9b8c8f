import assert from "node:assert/strict";
import { test } from "node:test";
import type { Disk } from "@narthex/platform/disk";
import { directoryOf, expandGlob, joinDirectory } from "./file-paths.ts";

test("paths stand beside their file", () => {
  const is = (directory: string, file: string, want: string) =>
    assert.equal(joinDirectory(directory, file), want);
  is("/etc/p", "rules.yml", "/etc/p/rules.yml");
  is("/etc/p", "/abs.yml", "/abs.yml");
  is("/etc/p", "", "");
  is("/etc/p", "../x/./y", "/etc/x/y");
  is(".", "a", "a");
  is("..", "a", "../a");
  assert.deepEqual(["a/b.yml", "b.yml", "/b.yml"].map(directoryOf), ["a", ".", "/"]);
});

test("patterns name files", () => {
  const names = ["a.json", "a.yml", "b.json", "c+d.json"];
  const disk = {
    exists: (path: string) => path === "d/a.yml",
    stat: (path: string) => (path === "d" ? { isDirectory: true, sizeBytes: 0, modifiedMs: 0 } : null),
    list: () => names,
  } as unknown as Disk;
  const is = (pattern: string, ...want: string[]) =>
    assert.deepEqual(expandGlob(disk, pattern), want, pattern);
  is("d/*.json", "d/a.json", "d/b.json", "d/c+d.json");
  is("d/a.*", "d/a.json", "d/a.yml");
  is("d/?.yml", "d/a.yml");
  is("d/[bc]*", "d/b.json", "d/c+d.json");
  is("d/c+*", "d/c+d.json");
  is("d/a.yml", "d/a.yml");
  is("d/z.yml");
  is("nowhere/*");
});
