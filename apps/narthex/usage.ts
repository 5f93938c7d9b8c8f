/**
 * What `--help` prints, in the manner of the Prometheus programs.
 */

import { commonFlags, type Argument, type Command, type Flag, type ProgramTable } from "./program-table.ts";

const columns = 80;
const leftLimit = 30;

/** What `--help` prints for a program, or for the command at the end of `path`. */
export function usage(program: ProgramTable, path: readonly Command[] = []): string {
  const command = path.at(-1);
  const own = path.flatMap(({ flags }) => flags ?? []);
  const shown = [...commonFlags, ...program.flags, ...own].filter((flag) => flag.isHidden !== true);
  const name = [program.name, ...path.map((one) => one.name)].join(" ");
  const synopsis = command === undefined ? programSynopsis(program) : commandSynopsis(command);
  const flags = table(shown.map((flag) => [leftColumn(flag), flag.help]));
  const text = `usage: ${name}${synopsis}\n\n${(command ?? program).help}\n\n\nFlags:\n${flags}\n`;
  return text + argumentsText(command) + commandsText(program, path);
}

function programSynopsis({ args, commands }: ProgramTable): string {
  if (commands !== undefined) return " [<flags>] <command> [<args> ...]";
  return ` [<flags>]${args === undefined ? "" : ` [<${args}>...]`}`;
}

function commandSynopsis({ flags = [], args = [], commands }: Command): string {
  const own = flags.length === 0 ? "" : " [<flags>]";
  return commands === undefined ? own + args.map(argumentSynopsis).join("") : `${own} <command> [<args> ...]`;
}

function argumentSynopsis({ name, isRequired = false, isRepeatable = false }: Argument): string {
  const more = isRepeatable ? "..." : "";
  return isRequired ? ` <${name}>${more}` : ` [<${name}>${more}]`;
}

function argumentsText(command: Command | undefined): string {
  const { args = [] } = command ?? {};
  if (args.length === 0) return "";
  const rows = args.map((one) => [argumentSynopsis(one).trim(), one.help] as const);
  return `Args:\n${table(rows)}\n`;
}

function commandsText(program: ProgramTable, path: readonly Command[]): string {
  const commands = (path.at(-1) ?? program).commands;
  if (commands === undefined) return "";
  const below = commands.flatMap((command) => leaves(command, path));
  const texts = below.map((leaf) => {
    const command = leaf.at(-1) as Command;
    const names = leaf.map(({ name }) => name).join(" ");
    const help = wrap(command.help, columns - 4).map((line) => `    ${line}\n`);
    return `${names}${commandSynopsis(command)}\n${help.join("")}\n`;
  });
  const help = path.length === 0 ? "help [<command>...]\n    Show help.\n\n" : "";
  return `${path.length === 0 ? "Commands" : "Subcommands"}:\n${help}${texts.join("")}\n`;
}

/** The commands below `command` that do something, each with the way to it. */
function leaves(command: Command, before: readonly Command[]): readonly (readonly Command[])[] {
  const path = [...before, command];
  return command.commands === undefined ? [path] : command.commands.flatMap((below) => leaves(below, path));
}

function table(rows: readonly (readonly [left: string, help: string])[]): string {
  const left = Math.max(...rows.map(([text]) => (text.length < leftLimit ? text.length : 0)));
  return rows.map(([text, help]) => twoColumns(text, help, left)).join("");
}

function leftColumn(flag: Flag): string {
  const { name, isSwitch = false, default: standard = "", placeholder, isRepeatable = false } = flag;
  const short = flag.short === undefined ? "    " : `-${flag.short}, `;
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
