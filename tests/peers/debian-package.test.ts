import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";

import { debianPackage, findMirror, peerBinary } from "./debian-package.ts";

const run = promisify(execFile);

test("the mirror is read from apt's sources in both notations", () => {
  const is = (text: string, uri: string | undefined, keyring = "", suite = "") => {
    const found = findMirror([text]);
    assert.deepEqual(found, uri === undefined ? undefined : { uri, keyring, ownSuite: suite }, text);
  };
  const stanza = "URIs: http://mirror/debian\nSuites: trixie trixie-updates\nComponents: main\n";
  is(`Types: deb\n# note\n${stanza}Signed-By: /k.gpg\n`, "http://mirror/debian", "/k.gpg", "trixie");
  is(`Types: deb-src\n${stanza}`, undefined);
  is(`Types: deb\nEnabled: no\n${stanza}`, undefined);
  is("Types: deb\nURIs: http://mirror/debian-security\nSuites: a-security\nComponents: main\n", undefined);
  is(
    "deb http://other/apt stable main\ndeb http://mirror/debian/ bookworm main contrib\n",
    "http://mirror/debian/",
    "",
    "bookworm",
  );
  is(
    "deb [arch=amd64 signed-by=/k.gpg] http://mirror/debian sid main\n",
    "http://mirror/debian",
    "/k.gpg",
    "sid",
  );
  is("# deb http://mirror/debian bookworm main\n", undefined);
});

test("a real package is fetched, unpacked and runs", async (t) => {
  const found = await debianPackage("prometheus-node-exporter");
  if ("skip" in found) return t.skip(found.skip);
  const { stdout, stderr } = await run(found.binary("prometheus-node-exporter"), ["--version"]);
  assert.match(stdout + stderr, /node_exporter, version \d+\.\d+/);
  assert.throws(() => found.binary("no-such-program"), /cannot find no-such-program/);
});

test("many callers at once get the same program", async (t) => {
  const found = await Promise.all([1, 2, 3].map(() => peerBinary("prometheus-node-exporter")));
  if (typeof found[0] !== "string") return t.skip(found[0]!.skip);
  assert.equal(new Set(found).size, 1);
});

test("a package that does not exist is a reason to skip", async () => {
  const found = await debianPackage("no-such-package-at-all");
  assert.ok("skip" in found);
  assert.match(found.skip, /^no Debian package no-such-package-at-all: /);
});
