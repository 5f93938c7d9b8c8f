import assert from "node:assert/strict";
import { test } from "node:test";
import { forSeeds } from "./for-seeds.ts";
import { MemoryDisk, type KeptUnsynced } from "./memory-disk.ts";
import { SeededRandom } from "./random.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (disk: MemoryDisk, path: string) => new TextDecoder().decode(disk.readFile(path));
const random = new SeededRandom(1);
const after = (disk: MemoryDisk, keepUnsynced: KeptUnsynced) => disk.crash({ random, keepUnsynced });

test("files and directories", () => {
  const disk = new MemoryDisk();
  disk.makeDirectory("a/b");
  disk.writeFile("a/b/f", bytes("one"));
  assert.equal(text(disk, "/a/b/f"), "one");
  assert.deepEqual(disk.list("a"), ["b"]);
  assert.deepEqual(disk.stat("a/b/f"), { isDirectory: false, sizeBytes: 3, modifiedMs: 0 });
  disk.rename("a/b/f", "a/g");
  assert.equal(disk.exists("a/b/f"), false);
  const file = disk.open("a/g", "append");
  file.write(bytes(" two"));
  file.truncate(5);
  file.close();
  assert.equal(text(disk, "a/g"), "one t");
  disk.remove("a");
  assert.equal(disk.stat("a"), null);
  assert.equal(disk.usedBytes, 0);
  assert.throws(() => disk.readFile("x"), { code: "ENOENT" });
  assert.throws(() => disk.open("x/y", "create"), { code: "ENOENT" });
  assert.throws(() => file.write(bytes("late")), { code: "EBADF" });
});

test("what a crash leaves of bytes", () => {
  const disk = new MemoryDisk();
  const file = disk.open("f", "create");
  disk.syncDirectory("/");
  file.write(bytes("synced"));
  file.sync();
  file.write(bytes(" not"));
  assert.equal(text(after(disk, "all"), "f"), "synced not");
  assert.equal(text(after(disk, "none"), "f"), "synced");
  assert.match(text(after(disk, "torn"), "f"), /^synced( (n(ot?)?)?)?$/u);
});

test("what a crash leaves of entries", () => {
  const disk = new MemoryDisk();
  disk.writeFile("f", bytes("x"));
  assert.equal(after(disk, "none").exists("f"), false);
  assert.equal(after(disk, "all").exists("f"), true);
  disk.syncDirectory("/");
  assert.equal(after(disk, "none").exists("f"), true);
  disk.rename("f", "g");
  assert.deepEqual(after(disk, "none").list("/"), ["f"]);
  disk.syncDirectory("/");
  disk.remove("g");
  assert.deepEqual(after(disk, "none").list("/"), ["g"]);
});

test("a rename is whole or not at all, and order is kept", () =>
  forSeeds(200, (seeded) => {
    const disk = new MemoryDisk();
    disk.makeDirectory("d");
    disk.syncDirectory("/");
    disk.writeFile("d/a", bytes("x"));
    disk.rename("d/a", "d/b");
    disk.writeFile("d/c", bytes("y"));
    const left = disk.crash({ random: seeded, keepUnsynced: "torn" }).list("d").join();
    assert.ok(["", "a", "b", "b,c"].includes(left), left);
  }));

test("a full disk keeps what fits", () => {
  const disk = new MemoryDisk({ budgetBytes: 10 });
  const file = disk.open("f", "create");
  file.write(bytes("12345678"));
  assert.throws(() => file.write(bytes("abcd")), { code: "ENOSPC" });
  assert.equal(text(disk, "f"), "12345678ab");
  file.truncate(4);
  file.write(bytes("abcd"), 4);
  assert.equal(text(disk, "f"), "1234abcd");
});
