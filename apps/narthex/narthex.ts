/**
 * The command: `narthex <program> [flags]`. One file per program, loaded when it is asked for.
 */

/** Runs a program and gives its exit code. */
type Run = (args: readonly string[]) => Promise<number>;

interface Program {
  readonly summary: string;
  readonly load: () => Promise<{ readonly run: Run }>;
}

const programs: Readonly<Record<string, Program>> = {
  up: { summary: "run server and node exporter with no configuration", load: () => import("./up.ts") },
  prometheus: { summary: "the Prometheus server", load: () => import("./prometheus.ts") },
  promtool: { summary: "tools for queries", load: () => import("./promtool.ts") },
  "node-exporter": { summary: "metrics of this machine", load: () => import("./node-exporter.ts") },
};

function helpText(): string {
  const rows = Object.entries(programs).map(([name, { summary }]) => `  ${name.padEnd(16)}${summary}`);
  const parts = ["usage: narthex <program> [<flags>]", `Programs:\n${rows.join("\n")}`];
  return `${parts.join("\n\n")}\n\nnarthex <program> --help tells more.\n`;
}

async function main(args: readonly string[]): Promise<number> {
  const [name = "--help", ...rest] = args;
  if (name === "--help" || name === "-h" || name === "help") {
    process.stdout.write(helpText());
    return 0;
  }
  const program = Object.hasOwn(programs, name) ? programs[name] : undefined;
  if (program === undefined) {
    process.stderr.write(`narthex: error: expected program but got "${name}"\n${helpText()}`);
    return 2;
  }
  const { run } = await program.load();
  return run(rest);
}

process.exitCode = await main(process.argv.slice(2));
