/**
 * `/api/v1/status/*`: what the server says of itself, its configuration and its storage.
 */

import type { HttpHandler } from "@narthex/http/exchange";
import type { Router } from "@narthex/http/router";
import { buildInfo } from "../build-info.ts";
import { ApiError, invalidParameter } from "./api-error.ts";
import { replyData, replyError } from "./envelope.ts";

/** A row of the cardinality tables. */
export interface NamedCount {
  readonly name: string;
  readonly value: number;
}

/** The head in numbers, as `/status/tsdb` shows them. */
export interface HeadStatus {
  readonly headStats: {
    readonly numSeries: number;
    readonly numLabelPairs: number;
    readonly chunkCount: number;
    readonly minTime: number;
    readonly maxTime: number;
  };
  readonly seriesCountByMetricName: readonly NamedCount[];
  readonly labelValueCountByLabelName: readonly NamedCount[];
  readonly memoryInBytesByLabelName: readonly NamedCount[];
  readonly seriesCountByLabelValuePair: readonly NamedCount[];
}

/** What the handlers need to know. */
export interface StatusSource {
  /** The configuration in force as YAML, secrets hidden. */
  configYaml(): string;
  flags(): Readonly<Record<string, string>>;
  runtimeInfo(): Readonly<Record<string, unknown>>;
  headStatus(limit: number): HeadStatus;
  /** meta.json objects of the blocks. */
  blocks(): readonly unknown[];
  walReplay(): { readonly min: number; readonly max: number; readonly current: number };
}

/** Adds the routes under `prefix` (`/api/v1`). */
export function addStatusRoutes(router: Router, prefix: string, source: StatusSource): void {
  const route = (path: string, data: (limit: number) => unknown): void => {
    const handler: HttpHandler = async (request, response) => {
      try {
        const limit = path === "/tsdb" ? tsdbLimit(request.query().get("limit")) : 0;
        await replyData(response, data(limit));
      } catch (error) {
        await replyError(response, error);
      }
    };
    router.on("GET", `${prefix}/status${path}`, handler);
  };
  route("/config", () => ({ yaml: source.configYaml() }));
  route("/flags", () => source.flags());
  route("/runtimeinfo", () => source.runtimeInfo());
  route("/buildinfo", () => buildInfo);
  route("/tsdb", (limit) => source.headStatus(limit));
  route("/tsdb/blocks", () => ({ blocks: source.blocks() }));
  route("/walreplay", () => source.walReplay());
}

function tsdbLimit(text: string): number {
  if (text === "") return 10;
  const limit = Number(text);
  if (!/^\d+$/u.test(text) || limit < 1) throw new ApiError("bad_data", "limit must be a positive number");
  if (limit > 10_000) throw invalidParameter("limit", "limit must not exceed 10000");
  return limit;
}
