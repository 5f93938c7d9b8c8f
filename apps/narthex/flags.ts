/**
 * Command lines in the manner of the Prometheus programs: one table per program gives parsing, `--help` and
 * errors.
 *
 * `--name=value`, `--name value`, `--no-name` for switches, `-h`, `@file` (arguments from a file, one a
 * line), `--` ends the flags. Values keep their text; each program decodes its own. A program may have
 * commands, and these commands again; a command's flags may stand anywhere behind it. What a help text looks
 * like: usage.ts.
 */

import { commonFlags, type Argument, type Command, type Flag, type ProgramTable } from "./program-table.ts";
import { usage } from "./usage.ts";

/** Values by flag name; flags that were not given have their default. */
export class ParsedFlags {
  readonly #values: ReadonlyMap<string, readonly string[]>;
  readonly #given: ReadonlySet<string>;
  readonly args: readonly string[];
  /** The names of the command and those it belongs to, `promql format`; "" without. */
  readonly command: string;

  constructor(
    values: ReadonlyMap<string, readonly string[]>,
    given: ReadonlySet<string>,
    args: readonly string[],
    command = "",
  ) {
    this.#values = values;
    this.#given = given;
    this.args = args;
    this.command = command;
  }

  /** The (last) value, "" when there is none. */
  text(name: string): string {
    return this.#values.get(name)?.at(-1) ?? "";
  }

  /** All values of a repeatable flag. */
  list(name: string): readonly string[] {
    return this.#values.get(name) ?? [];
  }

  isOn(name: string): boolean {
    return this.text(name) === "true";
  }

  number(name: string): number {
    return Number(this.text(name));
  }

  /** Whether the flag was on the command line. */
  isGiven(name: string): boolean {
    return this.#given.has(name);
  }

  /** All values as one object, for `/api/v1/status/flags`. */
  toObject(): Record<string, string> {
    return Object.fromEntries([...this.#values].map(([name, values]) => [name, values.join(",")]));
  }
}

/** The command line was about help or version, or was wrong: print `text` and end with `exitCode`. */
export interface FlagsEnd {
  readonly exitCode: number;
  /** For standard output when the code is 0, else for standard error. */
  readonly text: string;
}

class FlagError extends Error {}

/**
 * Parses `args`. `readFile` gives the text of an `@file`. `errorCode` and `errorPrefix` are the original's
 * for this program (prometheus: 2 and "Error parsing command line arguments: ").
 */
export function parseFlags(
  program: ProgramTable,
  args: readonly string[],
  options: {
    readonly readFile?: (path: string) => string;
    readonly errorCode?: number;
    readonly errorPrefix?: string;
  } = {},
): ParsedFlags | FlagsEnd {
  const parser = new FlagParser(program);
  const end = (text: string): FlagsEnd => ({ exitCode: 0, text });
  try {
    const expanded = expandFiles(args, options.readFile);
    const isAsking = program.commands !== undefined && (expanded.length === 0 || expanded[0] === "help");
    if (isAsking) return end(usage(program, commandPath(program, expanded.slice(1))));
    const parsed = parser.parse(expanded);
    if (parsed.isOn("help") || parsed.isOn("help-long")) return end(usage(program, parser.path));
    if (parsed.isOn("version")) return end(`${program.version}\n`);
    parser.check();
    return parsed;
  } catch (error) {
    if (!(error instanceof FlagError)) throw error;
    const { errorCode = 1, errorPrefix = `${program.name}: error: ` } = options;
    const rest = program.commands === undefined ? `\n${usage(program)}` : ", try --help\n";
    return { exitCode: errorCode, text: `${errorPrefix}${error.message}${rest}` };
  }
}

/** The commands that `names` lead through. */
function commandPath(program: ProgramTable, names: readonly string[]): readonly Command[] {
  const path: Command[] = [];
  for (const name of names) path.push(findCommand(path.at(-1)?.commands ?? program.commands ?? [], name));
  return path;
}

function findCommand(commands: readonly Command[], name: string): Command {
  const found = commands.find((command) => command.name === name);
  if (found === undefined) throw new FlagError(`expected command but got ${JSON.stringify(name)}`);
  return found;
}

function expandFiles(args: readonly string[], readFile?: (path: string) => string): string[] {
  return args.flatMap((arg) => {
    if (!arg.startsWith("@") || arg.length === 1 || readFile === undefined) return [arg];
    try {
      return readFile(arg.slice(1))
        .split(/\r?\n/u)
        .filter((line) => line !== "" && !line.startsWith("#"));
    } catch (error) {
      throw new FlagError(error instanceof Error ? error.message : String(error));
    }
  });
}

class FlagParser {
  readonly #program: ProgramTable;
  readonly #flags: Map<string, Flag>;
  readonly #values = new Map<string, string[]>();
  readonly #args: string[] = [];
  readonly #path: Command[] = [];

  constructor(program: ProgramTable) {
    const all = [
      ...commonFlags,
      { name: "help-long", isSwitch: true, help: "", isHidden: true },
      ...program.flags,
    ];
    this.#flags = new Map(all.map((flag) => [flag.name, flag]));
    this.#program = program;
  }

  /** The commands so far, outermost first. */
  get path(): readonly Command[] {
    return this.#path;
  }

  /** Throws when a command or an argument is missing. */
  check(): void {
    const { commands } = this.#program;
    const last = this.#path.at(-1);
    if (last?.commands !== undefined || (last === undefined && commands !== undefined)) {
      const of = this.#path.map(({ name }) => name).join(" ");
      throw new FlagError(of === "" ? "command not specified" : `must select a subcommand of '${of}'`);
    }
    const missing = (last?.args ?? []).slice(this.#args.length).find(({ isRequired }) => isRequired === true);
    if (missing !== undefined) throw new FlagError(`required argument '${missing.name}' not provided`);
  }

  parse(args: readonly string[]): ParsedFlags {
    for (let i = 0; i < args.length; i++) {
      const arg = args[i] as string;
      if (arg === "--") {
        args.slice(i + 1).forEach((rest) => this.#takeArg(rest));
        break;
      }
      if (arg.startsWith("--")) i += this.#takeFlag(arg.slice(2), args[i + 1]);
      else if (arg.startsWith("-") && arg.length > 1) i += this.#takeShort(arg, args[i + 1]);
      else this.#takeArg(arg);
    }
    const given = new Set(this.#values.keys());
    for (const flag of this.#flags.values()) {
      const { name, isSwitch = false, default: standard } = flag;
      if (flag === commonFlags[0] || flag === commonFlags[1] || this.#values.has(name)) continue;
      this.#values.set(
        name,
        standard === undefined || standard === "" ? (isSwitch ? ["false"] : []) : [standard],
      );
    }
    return new ParsedFlags(this.#values, given, this.#args, this.#path.map(({ name }) => name).join(" "));
  }

  /** `-h`, `-o json`, `-ojson`; returns 1 when its value was the next argument. */
  #takeShort(arg: string, next: string | undefined): number {
    const flag = [...this.#flags.values()].find(({ short }) => short !== undefined && short === arg[1]);
    if (flag === undefined) throw new FlagError(`unknown short flag '${arg.slice(0, 2)}'`);
    if (flag.isSwitch === true) {
      this.#put(flag, "true");
      return 0;
    }
    return this.#takeFlag(arg.length > 2 ? `${flag.name}=${arg.slice(2)}` : flag.name, next);
  }

  /** Takes one flag; returns 1 when its value was the next argument. */
  #takeFlag(text: string, next: string | undefined): number {
    const equals = text.indexOf("=");
    const name = equals < 0 ? text : text.slice(0, equals);
    const flag = this.#flags.get(name);
    if (flag === undefined) {
      const negated = this.#flags.get(name.replace(/^no-/u, ""));
      if (name.startsWith("no-") && negated?.isSwitch === true) {
        this.#put(negated, "false");
        return 0;
      }
      throw new FlagError(`unknown long flag '--${name}'`);
    }
    if (flag.isSwitch === true) {
      this.#put(flag, equals < 0 ? "true" : switchValue(text.slice(equals + 1)));
      return 0;
    }
    if (equals >= 0) {
      this.#put(flag, text.slice(equals + 1));
      return 0;
    }
    if (next === undefined || (next.startsWith("--") && next !== "--")) {
      throw new FlagError(`expected argument for flag '--${name}'`);
    }
    this.#put(flag, next);
    return 1;
  }

  #put(flag: Flag, value: string): void {
    const { name, choices, check, isRepeatable = false } = flag;
    const known = this.#values.get(name);
    if (known !== undefined && !isRepeatable) throw new FlagError(`flag '${name}' cannot be repeated`);
    if (choices !== undefined && !choices.includes(value)) {
      throw new FlagError(`enum value must be one of ${choices.join(",")}, got '${value}'`);
    }
    const why = check?.(value) ?? null;
    if (why !== null) throw new FlagError(why);
    if (known === undefined) this.#values.set(name, [value]);
    else known.push(value);
  }

  #takeArg(value: string): void {
    const { commands, args } = this.#path.at(-1) ?? this.#program;
    if (commands !== undefined) {
      const command = findCommand(commands, value);
      this.#path.push(command);
      for (const flag of command.flags ?? []) this.#flags.set(flag.name, flag);
      return;
    }
    const isTaken = Array.isArray(args) ? this.#checkArg(args, value) : args !== undefined;
    if (!isTaken) throw new FlagError(`unexpected ${value}`);
    this.#args.push(value);
  }

  /** Whether there is room for one more argument. */
  #checkArg(args: readonly Argument[], value: string): boolean {
    const last = args.at(-1);
    const argument = args[this.#args.length] ?? (last?.isRepeatable === true ? last : undefined);
    if (argument === undefined) return false;
    const why = argument.check?.(value) ?? null;
    if (why !== null) throw new FlagError(why);
    return true;
  }
}

function switchValue(text: string): string {
  if (["1", "t", "T", "true", "TRUE", "True"].includes(text)) return "true";
  if (["0", "f", "F", "false", "FALSE", "False"].includes(text)) return "false";
  throw new FlagError(`strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`);
}
