/**
 * A farm of scrape targets, each misbehaving in its own way, all behind one port. Two servers scrape it, each
 * under a path of its own, so that each gets the first, second, third page of a target at its own time.
 *
 * Invariant: the n-th request of a server to a target is answered as the n-th request of the other.
 */

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";

import { systemClock } from "@narthex/platform/clock";

/** One request to a target. */
export interface Exchange {
  /** How many requests this server has made to this target before. */
  readonly turn: number;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** Answers a request, now or later. */
export type Reply = (exchange: Exchange) => void;

/** What a running farm tells. */
export interface TargetFarm {
  /** `127.0.0.1:<port>`. */
  readonly address: string;
  /** When the requests of a server (`who`) to a target came, in ms since the epoch. */
  arrivals(who: string, target: string): readonly number[];
}

/** Answers with a page of the text format. */
export function page(body: string, headers: Readonly<Record<string, string>> = {}): Reply {
  return pages(() => body, headers);
}

/** Answers with the page of the turn. */
export function pages(body: (turn: number) => string, headers: Readonly<Record<string, string>> = {}): Reply {
  return ({ turn, response }) => {
    response.writeHead(200, { "content-type": "text/plain; version=0.0.4", ...headers });
    response.end(body(turn));
  };
}

/** Starts a farm whose targets are at `/<who>/<name>`; it ends with `t`. */
export async function startTargetFarm(
  t: TestContext,
  targets: ReadonlyMap<string, Reply>,
): Promise<TargetFarm> {
  const arrivals = new Map<string, number[]>();
  const server = createServer((request, response) => {
    const [, who = "", name = ""] = (request.url ?? "").split(/[/?]/u);
    const key = `${who}/${name}`;
    const known = arrivals.get(key) ?? [];
    arrivals.set(key, known);
    const turn = known.push(systemClock.nowMs()) - 1;
    const reply = targets.get(name);
    if (reply !== undefined) return reply({ turn, request, response });
    response.writeHead(404).end("no such target");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return {
    address: `127.0.0.1:${port}`,
    arrivals: (who, target) => arrivals.get(`${who}/${target}`) ?? [],
  };
}
