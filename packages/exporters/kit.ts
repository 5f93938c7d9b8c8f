/**
 * What all exporters share: the routes of a small program that serves `/metrics`, and its start page.
 *
 *   exporter (what it reads) → metrics-handler → KIT: router → http/listener
 */

import { infoMetric } from "@narthex/client/callback-metric";
import type { Collector } from "@narthex/client/collector";
import { Router } from "@narthex/http/router";
import type { MetricsHandler } from "./metrics-handler.ts";

/** A program that exports metrics. */
export interface ExporterProgram {
  /** As people know it: "Node Exporter". */
  readonly title: string;
  readonly description: string;
  /** What `--version` prints. */
  readonly version: string;
  readonly telemetryPath: string;
  readonly metrics: MetricsHandler;
}

/** The routes of an exporter: its metrics, a start page unless the metrics are there, health. */
export function exporterRouter({
  title,
  description,
  version,
  telemetryPath,
  metrics,
}: ExporterProgram): Router {
  const router = new Router();
  router.on("GET", telemetryPath, metrics.handle);
  if (telemetryPath === "/") return router;
  const page = startPage(title, description, version, telemetryPath);
  router.on("GET", "/", (_request, response) => {
    response.header("content-type", "text/html; charset=utf-8");
    return response.end(page);
  });
  return router;
}

/** `<program>_build_info` as the Go programs have it. */
export function buildInfoMetric(program: string, version: string, revision: string): Collector {
  const help =
    "A metric with a constant '1' value labeled by version, revision, branch, goversion from which " +
    `${program} was built, and the goos and goarch for the build.`;
  const { platform, arch, version: runtime } = process;
  const labels = {
    branch: "HEAD",
    goarch: arch === "x64" ? "amd64" : arch,
    goos: platform,
    goversion: runtime,
    revision,
    tags: "narthex",
    version,
  };
  return infoMetric(`${program}_build_info`, help, labels);
}

function startPage(title: string, description: string, version: string, path: string): string {
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="UTF-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>
body { font-family: system-ui, sans-serif; margin: 0; }
header { background: #e6522c; color: #fff; padding: 1rem; font-size: 1.5rem; }
main { padding: 1rem; }
</style>
</head>
<body>
<header>${escapeHtml(title)}</header>
<main>
<h2>${escapeHtml(description)}</h2>
<pre>${escapeHtml(version)}</pre>
<ul><li><a href="${escapeHtml(path)}">Metrics</a></li></ul>
</main>
</body>
</html>
`;
}

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/gu, (char) => entities[char] ?? char);
}
