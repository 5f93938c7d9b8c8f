/**
 * What a program's command line consists of: one table, from which parsing (flags.ts) and help (usage.ts)
 * come.
 */

/** One flag. */
export interface Flag {
  readonly name: string;
  /** A letter that stands for it behind one dash. */
  readonly short?: string;
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

/** A positional argument of a command; only the last may be repeatable. */
export interface Argument {
  readonly name: string;
  readonly help: string;
  readonly isRequired?: boolean;
  readonly isRepeatable?: boolean;
  /** Refuses a value by returning why. */
  readonly check?: (value: string) => string | null;
}

/** A command of a program: one that does something, or one with commands of its own. */
export interface Command {
  readonly name: string;
  readonly help: string;
  readonly flags?: readonly Flag[];
  readonly args?: readonly Argument[];
  readonly commands?: readonly Command[];
}

/** A program's command line. */
export interface ProgramTable {
  readonly name: string;
  readonly help: string;
  readonly flags: readonly Flag[];
  /** Name of the positional arguments, none allowed without. */
  readonly args?: string;
  /** One of them must be given when there are any. */
  readonly commands?: readonly Command[];
  /** What `--version` prints. */
  readonly version: string;
}

/** Switches that every program has. */
export const commonFlags: readonly Flag[] = [
  {
    name: "help",
    short: "h",
    isSwitch: true,
    help: "Show context-sensitive help (also try --help-long and --help-man).",
  },
  { name: "version", isSwitch: true, help: "Show application version." },
];
