/**
 * `narthex up`: a server and a node exporter with no configuration, for a first look.
 *
 * Scrapes itself and this machine every 15 seconds, keeps the data in `./data`, listens on 127.0.0.1:9090.
 */

import { ListenError, parseListenAddress, type Listener } from "@narthex/http/listener";
import { systemClock } from "@narthex/platform/clock";
import { systemDisk } from "@narthex/platform/disk";
import { createLogger, type Logger, type LogLevel } from "@narthex/platform/logger";
import { parseConfig } from "@narthex/server/config-file";
import { exampleQueries } from "@narthex/server/landing-page";
import { versionText } from "@narthex/server/build-info";
import { parseFlags, ParsedFlags } from "./flags.ts";
import type { ProgramTable } from "./program-table.ts";
import { startNodeExporter } from "./node-exporter.ts";
import { prometheusProgram } from "./prometheus-flags.ts";
import { runServer, serverOptions } from "./prometheus.ts";

const upProgram: ProgramTable = {
  name: "narthex up",
  help: "Run a Prometheus server and a node exporter with no configuration",
  version: versionText("narthex"),
  flags: [
    { name: "listen", default: "127.0.0.1:9090", help: "Address of the server." },
    {
      name: "node-listen",
      default: "127.0.0.1:9100",
      help: "Address of the node exporter; another port if it is taken.",
    },
    { name: "data", default: "./data", help: "Directory of the data." },
    {
      name: "log.level",
      default: "warn",
      choices: ["debug", "info", "warn", "error"],
      help: "Least severity of log lines.",
    },
  ],
};

/** Runs the program until a signal ends it. */
export async function run(args: readonly string[]): Promise<number> {
  const flags = parseFlags(upProgram, args, { errorCode: 2 });
  if (!(flags instanceof ParsedFlags)) {
    (flags.exitCode === 0 ? process.stdout : process.stderr).write(flags.text);
    return flags.exitCode;
  }
  const logger = createLogger({ clock: systemClock, level: flags.text("log.level") as LogLevel });
  let node: Listener;
  try {
    node = await startNode(flags.text("node-listen"), logger);
  } catch (error) {
    if (!(error instanceof ListenError)) throw error;
    logger.error("Unable to start the node exporter", { err: error });
    return 1;
  }
  try {
    return await runWith(flags, logger, node);
  } finally {
    await node.stop(0);
  }
}

async function runWith(flags: ParsedFlags, logger: Logger, node: Listener): Promise<number> {
  const listen = flags.text("listen");
  const nodePort = node.addresses[0]?.port ?? 0;
  const serverFlags = parseFlags(prometheusProgram, [
    `--web.listen-address=${listen}`,
    `--storage.tsdb.path=${flags.text("data")}`,
    "--web.enable-lifecycle",
  ]);
  if (!(serverFlags instanceof ParsedFlags)) {
    process.stderr.write(serverFlags.text);
    return serverFlags.exitCode;
  }
  const end = new AbortController();
  const config = parseConfig(configText(listen, nodePort), "narthex-up.yml", {
    disk: systemDisk,
    env: process.env,
  });
  const options = serverOptions(
    serverFlags,
    logger,
    () => config,
    () => end.abort(),
  );
  const announced = { ...options, logger };
  process.stdout.write(welcome(listen, nodePort, flags.text("data")));
  return runServer(announced, logger, end);
}

/** The node exporter at `address`, or at a free port of that host when it is taken. */
async function startNode(address: string, logger: Logger): Promise<Listener> {
  const wanted = parseListenAddress(address);
  try {
    return await startNodeExporter({ addresses: [wanted], logger });
  } catch (error) {
    if (!(error instanceof ListenError)) throw error;
    return startNodeExporter({ addresses: [{ host: wanted.host, port: 0 }], logger });
  }
}

function configText(listen: string, nodePort: number): string {
  const { host, port } = parseListenAddress(listen);
  const self = `${host === "" || host === "0.0.0.0" ? "127.0.0.1" : host}:${port}`;
  return `global:
  scrape_interval: 15s
  evaluation_interval: 15s
scrape_configs:
  - job_name: prometheus
    static_configs:
      - targets: ["${self}"]
  - job_name: node
    static_configs:
      - targets: ["127.0.0.1:${nodePort}"]
`;
}

function welcome(listen: string, nodePort: number, data: string): string {
  const { host, port } = parseListenAddress(listen);
  const base = `http://${host === "" || host === "0.0.0.0" ? "127.0.0.1" : host}:${port}`;
  const tries = exampleQueries.map(
    (query) => `  curl -sG ${base}/api/v1/query --data-urlencode 'query=${query}'`,
  );
  return `Narthex
  server         ${base}
  node exporter  http://127.0.0.1:${nodePort}/metrics
  data           ${data}

Both are scraped every 15 seconds; the first answers come within that time. Three queries to try:
${tries.join("\n")}

Ctrl-C ends it.
`;
}
