/**
 * Routes outside the API: health, readiness, reload, quit, metrics, the landing page.
 */

import type { Registry } from "@narthex/client/registry";
import { replyText, type HttpHandler } from "@narthex/http/exchange";
import type { Router } from "@narthex/http/router";
import { buildInfo } from "../build-info.ts";
import { landingPage } from "../landing-page.ts";

/** What the handlers need. */
export interface ManagementSource {
  readonly registry: Registry;
  readonly pageTitle: string;
  /** Whether reload and quit are allowed. */
  readonly lifecycleEnabled: boolean;
  /** Rejects with why the configuration was not taken. */
  reload(): Promise<void>;
  quit(): void;
}

const disabled = "Lifecycle API is not enabled.";

/** Adds the routes under `prefix` ("" or `/path`). */
export function addManagementRoutes(router: Router, prefix: string, source: ManagementSource): void {
  const text = (path: string, body: string): void => {
    for (const method of ["GET", "HEAD"]) {
      router.on(method, `${prefix}${path}`, (_request, response) => {
        response.header("content-type", "text/plain; charset=utf-8");
        return response.end(body);
      });
    }
  };
  text("/-/healthy", "Prometheus Server is Healthy.\n");
  text("/-/ready", "Prometheus Server is Ready.\n");
  const lifecycle = (path: string, act: HttpHandler): void => {
    for (const method of ["POST", "PUT"]) {
      router.on(method, `${prefix}${path}`, (request, response) =>
        source.lifecycleEnabled ? act(request, response) : replyText(response, 403, disabled),
      );
    }
  };
  lifecycle("/-/reload", async (_request, response) => {
    try {
      await source.reload();
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      return replyText(response, 500, `failed to reload config: ${why}`);
    }
    return response.end();
  });
  lifecycle("/-/quit", async (_request, response) => {
    await response.end("Requesting termination... Goodbye!");
    source.quit();
  });
  router.on("GET", `${prefix}/metrics`, (request, response) => {
    const { contentType, text: page } = source.registry.page(request.header("accept"));
    response.header("content-type", contentType);
    response.compress();
    return response.end(page);
  });
  router.on("GET", `${prefix}/version`, (_request, response) => {
    response.header("content-type", "application/json");
    return response.end(JSON.stringify(buildInfo));
  });
  router.on("GET", `${prefix}/`, (_request, response) => {
    response.header("content-type", "text/html; charset=utf-8");
    response.header("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'");
    response.compress();
    return response.end(landingPage(source.pageTitle));
  });
}
