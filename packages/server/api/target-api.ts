/**
 * `/api/v1/targets`, `/api/v1/scrape_pools`, `/api/v1/metadata`, `/api/v1/targets/metadata`: what scraping
 * knows.
 */

import type { Form } from "@narthex/http/form";
import type { HttpHandler } from "@narthex/http/exchange";
import type { Router } from "@narthex/http/router";
import type { Labels } from "@narthex/model/labels";
import { formatDuration } from "@narthex/model/duration";
import { ParseError } from "@narthex/promql-syntax/parse-error";
import { parseSelector } from "@narthex/promql-syntax/parser";
import type { PoolView } from "@narthex/scrape/scrape-manager";
import type { Target } from "@narthex/scrape/target";
import { ApiError, invalidParameter } from "./api-error.ts";
import { replyData, replyError } from "./envelope.ts";

/** What the handlers need. */
export interface TargetSource {
  views(): ReadonlyMap<string, PoolView>;
  /** The URL as it looks from outside: loopback hosts are replaced by the server's external name. */
  globalUrl(url: string): string;
}

/** Adds the routes under `prefix` (`/api/v1`). */
export function addTargetRoutes(router: Router, prefix: string, source: TargetSource): void {
  const route = (path: string, data: (form: Form) => unknown): void => {
    const handler: HttpHandler = async (request, response) => {
      try {
        await replyData(response, data(request.query()));
      } catch (error) {
        await replyError(response, error);
      }
    };
    router.on("GET", `${prefix}${path}`, handler);
  };
  route("/targets", (form) => targets(source, form));
  route("/scrape_pools", () => ({ scrapePools: [...source.views().keys()] }));
  route("/metadata", (form) => metadata(source, form));
  route("/targets/metadata", (form) => targetMetadata(source, form));
}

function targets(source: TargetSource, form: Form): unknown {
  const state = form.get("state").toLowerCase();
  const pool = form.get("scrapePool");
  const all = [...source.views()];
  const views = all.filter(([name]) => pool === "" || name === pool);
  const showActive = state === "" || state === "any" || state === "active";
  const showDropped = state === "" || state === "any" || state === "dropped";
  return {
    activeTargets: showActive
      ? views.flatMap(([name, view]) => view.active.map((target) => activeTarget(source, name, target)))
      : [],
    droppedTargets: showDropped
      ? views.flatMap(([name, view]) =>
          view.dropped.map((labels) => ({ discoveredLabels: labels.toObject(), scrapePool: name })),
        )
      : [],
    droppedTargetCounts: showDropped
      ? Object.fromEntries(all.map(([name, view]) => [name, view.droppedCount]))
      : null,
  };
}

function activeTarget(source: TargetSource, scrapePool: string, target: Target): unknown {
  const { health, lastError, lastScrapeMs, lastDurationSeconds } = target.status;
  return {
    discoveredLabels: target.discoveredLabels().toObject(),
    labels: target.publicLabels.toObject(),
    scrapePool,
    scrapeUrl: target.url,
    globalUrl: source.globalUrl(target.url),
    lastError,
    lastScrape: lastScrapeMs === 0 ? "0001-01-01T00:00:00Z" : isoTime(lastScrapeMs),
    lastScrapeDuration: lastDurationSeconds,
    health,
    scrapeInterval: durationLabel(target.labels, "__scrape_interval__"),
    scrapeTimeout: durationLabel(target.labels, "__scrape_timeout__"),
  };
}

function durationLabel(labels: Labels, name: string): string {
  const text = labels.get(name);
  return text === "" ? formatDuration(0) : text;
}

/** RFC 3339 with milliseconds, trailing zeros trimmed as Go prints it. */
export function isoTime(timeMs: number): string {
  return new Date(timeMs).toISOString().replace(/\.?0*Z$/u, "Z");
}

function limitOf(form: Form, name: string): number {
  const text = form.get(name);
  if (text === "") return -1;
  if (!/^[-+]?\d+$/u.test(text))
    throw new ApiError("bad_data", `${name === "limit" ? "limit" : name} must be a number`);
  return Number(text);
}

function metadata(source: TargetSource, form: Form): unknown {
  const limit = limitOf(form, "limit");
  const perMetric = limitOf(form, "limit_per_metric");
  const wanted = form.get("metric");
  const found = new Map<string, Map<string, unknown>>();
  for (const { active } of source.views().values()) {
    for (const { metadata: table } of active) {
      for (const [family, { type, help, unit }] of table) {
        if (wanted !== "" && family !== wanted) continue;
        const entries = found.get(family) ?? new Map<string, unknown>();
        if (perMetric > 0 && entries.size >= perMetric) continue;
        entries.set(JSON.stringify([type, help, unit]), { type, help, unit });
        found.set(family, entries);
      }
    }
  }
  const rows = [...found].map(([family, entries]) => [family, [...entries.values()]] as const);
  return Object.fromEntries(limit >= 0 ? rows.slice(0, limit) : rows);
}

function targetMetadata(source: TargetSource, form: Form): unknown {
  const limit = limitOf(form, "limit");
  const metric = form.get("metric");
  const matchText = form.get("match_target");
  const matchers = matchText === "" ? [] : selector(matchText);
  const rows: unknown[] = [];
  for (const { active } of source.views().values()) {
    for (const target of active) {
      if (!matchers.every((matcher) => matcher.matches(target.publicLabels.get(matcher.name)))) continue;
      for (const [family, { type, help, unit }] of target.metadata) {
        if (metric !== "" && family !== metric) continue;
        const name = metric === "" ? { metric: family } : {};
        rows.push({ target: target.publicLabels.toObject(), ...name, type, help, unit });
      }
    }
  }
  return limit >= 0 ? rows.slice(0, limit) : rows;
}

function selector(text: string): ReturnType<typeof parseSelector> {
  try {
    return parseSelector(text);
  } catch (error) {
    if (error instanceof ParseError) throw invalidParameter("match_target", error.message);
    throw error;
  }
}
