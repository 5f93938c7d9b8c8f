import assert from "node:assert/strict";
import { test } from "node:test";
import { ParsedFlags, parseFlags, type FlagsEnd, type ProgramTable } from "./flags.ts";

const program: ProgramTable = {
  name: "demo",
  help: "A program to try flags on",
  version: "demo, version 1",
  flags: [
    { name: "config.file", default: "demo.yml", help: "Configuration file path." },
    { name: "web.listen-address", default: "0.0.0.0:1", isRepeatable: true, help: "Address to listen on." },
    { name: "web.enable-lifecycle", isSwitch: true, default: "false", help: "Enable shutdown and reload." },
    { name: "log.level", default: "info", choices: ["debug", "info"], help: "Level." },
    { name: "deep", default: "1", isHidden: true, help: "Hidden." },
  ],
};

const options = { errorCode: 2, errorPrefix: "Error parsing command line arguments: " };

function parsed(...args: string[]): ParsedFlags {
  const result = parseFlags(program, args, { ...options, readFile: () => "--log.level=debug\n" });
  assert.ok(result instanceof ParsedFlags, JSON.stringify(result));
  return result;
}

function refused(...args: string[]): string {
  const result = parseFlags(program, args, options) as FlagsEnd;
  assert.equal(result.exitCode, 2);
  return result.text.split("\n")[0] as string;
}

test("flags are parsed as kingpin does", () => {
  assert.equal(parsed().text("config.file"), "demo.yml");
  assert.equal(parsed("--config.file=x").text("config.file"), "x");
  assert.equal(parsed("--config.file", "x").text("config.file"), "x");
  assert.deepEqual(parsed("--web.listen-address=a", "--web.listen-address", "b").list("web.listen-address"), [
    "a",
    "b",
  ]);
  assert.deepEqual(parsed().list("web.listen-address"), ["0.0.0.0:1"]);
  assert.equal(parsed("--web.enable-lifecycle").isOn("web.enable-lifecycle"), true);
  assert.equal(parsed("--no-web.enable-lifecycle").isOn("web.enable-lifecycle"), false);
  assert.equal(parsed("@flags").text("log.level"), "debug");
  assert.equal(parsed("--deep=3").number("deep"), 3);
  assert.equal(parsed("--log.level=info").isGiven("log.level"), true);
  assert.equal(parsed().isGiven("log.level"), false);
});

test("wrong command lines", () => {
  const prefix = options.errorPrefix;
  assert.equal(refused("--nope"), `${prefix}unknown long flag '--nope'`);
  assert.equal(refused("--no-config.file"), `${prefix}unknown long flag '--no-config.file'`);
  assert.equal(refused("-x"), `${prefix}unknown short flag '-x'`);
  assert.equal(refused("word"), `${prefix}unexpected word`);
  assert.equal(refused("--config.file"), `${prefix}expected argument for flag '--config.file'`);
  assert.equal(
    refused("--config.file=a", "--config.file=b"),
    `${prefix}flag 'config.file' cannot be repeated`,
  );
  assert.equal(refused("--log.level=loud"), `${prefix}enum value must be one of debug,info, got 'loud'`);
});

test("help and version", () => {
  const help = parseFlags(program, ["--help"]) as FlagsEnd;
  assert.equal(help.exitCode, 0);
  assert.match(help.text, /^usage: demo \[<flags>\]\n\nA program to try flags on\n/u);
  assert.match(help.text, /\n {6}--config\.file="demo\.yml"\s+Configuration file path\.\n/u);
  assert.match(help.text, /\n {2}-h, --\[no-\]help /u);
  assert.doesNotMatch(help.text, /deep/u);
  assert.equal((parseFlags(program, ["--version"]) as FlagsEnd).text, "demo, version 1\n");
});
