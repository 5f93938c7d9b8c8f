/**
 * All routes of the server in one table, with what every request passes: CORS headers, counting, timing.
 */

import type { Registry } from "@narthex/client/registry";
import type { HttpHandler, HttpRequest, HttpResponse } from "@narthex/http/exchange";
import { Router } from "@narthex/http/router";
import { compileAnchored } from "@narthex/regex/matcher";
import type { ScrapeManager } from "@narthex/scrape/scrape-manager";
import { addManagementRoutes } from "./api/management-api.ts";
import { addQueryRoutes } from "./api/query-api.ts";
import { addStatusRoutes } from "./api/status-api.ts";
import { addTargetRoutes } from "./api/target-api.ts";
import type { ServerMetrics } from "./metrics-server.ts";
import type { EngineSettings } from "./query-messages.ts";
import type { QueryObserver } from "./query-observer.ts";
import type { QueryPool } from "./query-pool.ts";
import type { ServerOptions } from "./server-options.ts";
import type { StatusFacts } from "./status-facts.ts";

/** The parts that routes lead to. */
export interface RouteParts {
  readonly options: ServerOptions;
  readonly pool: QueryPool;
  readonly scrapes: ScrapeManager;
  readonly status: StatusFacts;
  readonly metrics: ServerMetrics;
  readonly observer: QueryObserver;
  readonly registry: Registry;
  readonly engine: () => EngineSettings;
  readonly reload: () => Promise<void>;
  readonly globalUrl: (url: string) => string;
}

/** Sets the CORS headers for origins that `pattern` matches; all do with `.*`. */
function corsHeaders(pattern: string): (request: HttpRequest, response: HttpResponse) => void {
  const matcher = compileAnchored(pattern);
  return (request, response) => {
    const origin = request.header("origin");
    if (origin === "") return;
    response.header("access-control-allow-headers", "Accept, Authorization, Content-Type, Origin");
    response.header("access-control-allow-methods", "GET, POST, OPTIONS");
    response.header("access-control-expose-headers", "Date");
    response.header("vary", "Origin");
    if (pattern === ".*") response.header("access-control-allow-origin", "*");
    else if (matcher.matches(origin)) response.header("access-control-allow-origin", origin);
  };
}

/** The handler of all requests. Throws for a pattern of origins that does not compile. */
export function serverRoutes(parts: RouteParts): HttpHandler {
  const { options, pool, scrapes, status, metrics, registry } = parts;
  const router = new Router();
  const prefix = options.routePrefix;
  const api = `${prefix}/api/v1`;
  addQueryRoutes(router, api, {
    pool,
    clock: options.clock,
    engine: parts.engine,
    observer: parts.observer,
  });
  addTargetRoutes(router, api, { views: () => scrapes.views(), globalUrl: parts.globalUrl });
  addStatusRoutes(router, api, status);
  addManagementRoutes(router, prefix, {
    registry,
    pageTitle: options.pageTitle,
    lifecycleEnabled: options.lifecycleEnabled,
    reload: parts.reload,
    quit: options.onQuit,
  });
  if (prefix !== "") {
    router.on("GET", "/", (_request, response) => {
      response.status = 302;
      response.header("location", `${prefix}/`);
      return response.end();
    });
  }
  const allowOrigin = corsHeaders(options.corsOrigin);
  return async (request, response) => {
    const startedMs = options.clock.monotonicMs();
    allowOrigin(request, response);
    try {
      await router.handle(request, response);
    } finally {
      const handler = request.route === "" ? "/*" : request.route;
      metrics.requests.labels(handler, String(response.status)).inc();
      metrics.requestDuration.labels(handler).observe((options.clock.monotonicMs() - startedMs) / 1000);
    }
  };
}
