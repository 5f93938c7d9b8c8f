/**
 * Command lines in the manner of the Prometheus programs: one table per program gives parsing, `--help` and
 * errors.
 *
 * `--name=value`, `--name value`, `--no-name` for switches, `-h`, `@file` (arguments from a file, one a
 * line), `--` ends the flags. Values keep their text; each program decodes its own.
 */

/** One flag. */
export interface Flag {
  readonly name: string;
  readonly help: string;
  /** A switch takes no value and has a `--no-` form. */
  readonly isSwitch?: boolean;
  /** Default, "" for none. Switches: "true" or "false". */
  readonly default?: string;
  /** Further defaults of a flag that may be repeated. */
  readonly isRepeatable?: boolean;
  /** Shown instead of the default in the help. */
  readonly placeholder?: string;
  readonly isHidden?: boolean;
  /** The only values allowed. */
  readonly choices?: readonly string[];
  /** Refuses a value by returning why. */
  readonly check?: (value: string) => string | null;
}

/** A program's command line. */
export interface ProgramTable {
  readonly name: string;
  readonly help: string;
  readonly flags: readonly Flag[];
  /** Name of the positional arguments, none allowed without. */
  readonly args?: string;
  /** What `--version` prints. */
  readonly version: string;
}

/** Values by flag name; flags that were not given have their default. */
export class ParsedFlags {
  readonly #values: ReadonlyMap<string, readonly string[]>;
  readonly #given: ReadonlySet<string>;
  readonly args: readonly string[];

  constructor(
    values: ReadonlyMap<string, readonly string[]>,
    given: ReadonlySet<string>,
    args: readonly string[],
  ) {
    this.#values = values;
    this.#given = given;
    this.args = args;
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

/** Switches that every program has. */
const commonFlags: readonly Flag[] = [
  {
    name: "help",
    isSwitch: true,
    help: "Show context-sensitive help (also try --help-long and --help-man).",
  },
  { name: "version", isSwitch: true, help: "Show application version." },
];

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
  try {
    const parsed = parser.parse(expandFiles(args, options.readFile));
    if (parsed.isOn("help") || parsed.isOn("help-long")) return { exitCode: 0, text: usage(program) };
    if (parsed.isOn("version")) return { exitCode: 0, text: `${program.version}\n` };
    return parsed;
  } catch (error) {
    if (!(error instanceof FlagError)) throw error;
    const { errorCode = 1, errorPrefix = `${program.name}: error: ` } = options;
    return { exitCode: errorCode, text: `${errorPrefix}${error.message}\n${usage(program)}` };
  }
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
  readonly #flags: ReadonlyMap<string, Flag>;
  readonly #takesArgs: boolean;
  readonly #values = new Map<string, string[]>();
  readonly #args: string[] = [];

  constructor(program: ProgramTable) {
    const all = [
      ...commonFlags,
      { name: "help-long", isSwitch: true, help: "", isHidden: true },
      ...program.flags,
    ];
    this.#flags = new Map(all.map((flag) => [flag.name, flag]));
    this.#takesArgs = program.args !== undefined;
  }

  parse(args: readonly string[]): ParsedFlags {
    for (let i = 0; i < args.length; i++) {
      const arg = args[i] as string;
      if (arg === "--") {
        args.slice(i + 1).forEach((rest) => this.#takeArg(rest));
        break;
      }
      if (arg === "-h") this.#values.set("help", ["true"]);
      else if (arg.startsWith("--")) i += this.#takeFlag(arg.slice(2), args[i + 1]);
      else if (arg.startsWith("-") && arg.length > 1)
        throw new FlagError(`unknown short flag '${arg.slice(0, 2)}'`);
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
    return new ParsedFlags(this.#values, given, this.#args);
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
    if (!this.#takesArgs) throw new FlagError(`unexpected ${value}`);
    this.#args.push(value);
  }
}

function switchValue(text: string): string {
  if (["1", "t", "T", "true", "TRUE", "True"].includes(text)) return "true";
  if (["0", "f", "F", "false", "FALSE", "False"].includes(text)) return "false";
  throw new FlagError(`strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`);
}

const columns = 80;
const leftLimit = 30;

/** What `--help` prints. */
export function usage(program: ProgramTable): string {
  const args = program.args === undefined ? "" : ` [<${program.args}>...]`;
  const shown = [...commonFlags, ...program.flags].filter((flag) => flag.isHidden !== true);
  const rows = shown.map((flag) => [leftColumn(flag), flag.help] as const);
  const left = Math.max(...rows.map(([text]) => (text.length < leftLimit ? text.length : 0)));
  const lines = rows.map(([text, help]) => twoColumns(text, help, left));
  return `usage: ${program.name} [<flags>]${args}\n\n${program.help}\n\n\nFlags:\n${lines.join("")}\n`;
}

function leftColumn(flag: Flag): string {
  const { name, isSwitch = false, default: standard = "", placeholder, isRepeatable = false } = flag;
  const short = name === "help" ? "-h, " : "    ";
  if (isSwitch) return `${short}--[no-]${name}`;
  const quoted =
    /^-?\d+(\.\d+)?$|^\d+(ms|[smhdwy])$/u.test(standard) || flag.choices !== undefined
      ? standard
      : `"${standard}"`;
  const value = placeholder ?? (standard === "" ? name.toUpperCase().replaceAll(".", ".") : quoted);
  return `${short}--${name}=${value}${isRepeatable ? " ..." : ""}`;
}

function twoColumns(text: string, help: string, left: number): string {
  const indent = " ".repeat(2 + left + 2);
  const words = wrap(help, columns - indent.length);
  const head = `  ${text.padEnd(left)}  `;
  const first = text.length >= leftLimit ? `  ${text}  \n${indent}${words[0]}` : `${head}${words[0]}`;
  return [first, ...words.slice(1).map((line) => `${indent}${line}`)].map((line) => `${line}\n`).join("");
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [""];
  for (const word of text.split(" ")) {
    const last = lines.at(-1) as string;
    if (last !== "" && last.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = last === "" ? word : `${last} ${word}`;
  }
  return lines;
}
