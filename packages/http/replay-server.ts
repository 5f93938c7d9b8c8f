/**
 * A real HTTP server for tests of what calls APIs: it notes every request and replays the answers that a test
 * gives it.
 */

import {
  createServer,
  type IncomingMessage,
  type Server as HttpServer,
  type ServerResponse,
} from "node:http";
import type { AddressInfo, Server } from "node:net";

/** A request as the replaying server saw it. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
  /** For answers that are no plain JSON. */
  readonly response: ServerResponse;
}

/** Answers with JSON; with a status when it is a number; by itself when it is undefined. */
export type Replay = (request: SeenRequest) => object | string | number | undefined;

/** Runs `run` beside a server that replays. */
export async function withApi(
  replay: Replay,
  run: (url: string, seen: readonly SeenRequest[]) => Promise<void>,
): Promise<void> {
  const seen: SeenRequest[] = [];
  const take = async (message: IncomingMessage, response: ServerResponse): Promise<void> => {
    let body = "";
    for await (const part of message) body += String(part);
    const url = new URL(message.url ?? "/", "http://x");
    const headers = message.headers as Record<string, string | undefined>;
    const method = message.method ?? "";
    const request = { method, path: url.pathname, query: url.searchParams, headers, body, response };
    seen.push(request);
    const reply = replay(request);
    if (reply === undefined) return;
    if (typeof reply === "number") response.writeHead(reply).end("refused");
    else {
      response.setHeader("content-type", "application/json");
      response.end(typeof reply === "string" ? reply : JSON.stringify(reply));
    }
  };
  const server = createServer((message, response) => void take(message, response));
  await listening(server, async (port) => run(`http://127.0.0.1:${port}`, seen));
}

/** Runs `run` while a server listens on a port of this machine. */
export async function listening(server: Server, run: (port: number) => Promise<void>): Promise<void> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    await run((server.address() as AddressInfo).port);
  } finally {
    (server as Partial<HttpServer>).closeAllConnections?.();
    server.close();
  }
}
