import assert from "node:assert/strict";
import { test } from "node:test";
import { ParsedFlags, parseFlags, type FlagsEnd } from "./flags.ts";
import type { ProgramTable } from "./program-table.ts";

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

const tool: ProgramTable = {
  name: "tool",
  help: "A program with commands.",
  version: "tool, version 1",
  flags: [{ name: "deep", isSwitch: true, default: "false", help: "Go deep." }],
  commands: [
    {
      name: "dig",
      help: "Dig.",
      commands: [
        {
          name: "hole",
          help: "Dig a hole.",
          flags: [{ name: "kind", short: "k", default: "round", choices: ["round", "flat"], help: "Kind." }],
          args: [
            { name: "place", help: "Where.", isRequired: true },
            { name: "more", help: "Where else.", isRepeatable: true },
          ],
        },
      ],
    },
  ],
};

test("commands, their flags and arguments", () => {
  const is = (line: string, wanted: string): void => {
    const result = parseFlags(tool, line.split(" "));
    assert.ok(result instanceof ParsedFlags, JSON.stringify(result));
    const { command, args } = result;
    assert.equal(`${command}|${args.join(",")}|${result.text("kind")}|${result.text("deep")}`, wanted, line);
  };
  is("dig hole a", "dig hole|a|round|false");
  is("--deep dig hole a b c", "dig hole|a,b,c|round|true");
  is("dig hole -k flat a --deep", "dig hole|a|flat|true");
  is("dig hole -kflat a", "dig hole|a|flat|false");
  is("dig hole --kind=flat -- -a", "dig hole|-a|flat|false");
  const fails = (line: string, message: string): void => {
    const end = parseFlags(tool, line.split(" "));
    assert.deepEqual(end, { exitCode: 1, text: `tool: error: ${message}, try --help\n` }, line);
  };
  fails("dig", "must select a subcommand of 'dig'");
  fails("fill", 'expected command but got "fill"');
  fails("dig hole", "required argument 'place' not provided");
  fails("--kind=flat dig hole a", "unknown long flag '--kind'");
  fails("dig hole -x a", "unknown short flag '-x'");
  fails("dig hole -k deep a", "enum value must be one of round,flat, got 'deep'");
});

test("help of commands", () => {
  const text = (...args: string[]): string => (parseFlags(tool, args) as FlagsEnd).text;
  assert.match(text(), /^usage: tool \[<flags>\] <command> \[<args> \.\.\.\]\n/u);
  assert.equal(text("--help"), text());
  const hole = text("help", "dig", "hole");
  assert.equal(text("dig", "hole", "--help"), hole);
  assert.match(hole, /^usage: tool dig hole \[<flags>\] <place> \[<more>\.\.\.\]\n\nDig a hole\.\n/u);
  assert.match(hole, /\n {2}-k, --kind=round {2,}Kind\.\n\nArgs:\n {2}<place> {6}Where\.\n/u);
});
