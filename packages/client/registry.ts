/**
 * Collects metrics for a page.
 *
 *   counter, gauge, histogram, summary, callbacks → REGISTRY → text or OpenMetrics page
 *
 * Invariant: no two collectors give a family of the same name (checked when they are collected).
 */

import type { MetricFamily } from "@narthex/exposition/metric-family";
import { openMetricsContentType, writeOpenMetrics } from "@narthex/exposition/openmetrics-writer";
import { text1ContentType, textContentType, writeText } from "@narthex/exposition/text-writer";
import type { Collector } from "./collector.ts";
import { Counter } from "./counter.ts";
import { CallbackMetric, type CallbackOptions } from "./callback-metric.ts";
import { Gauge } from "./gauge.ts";
import { Histogram, type HistogramOptions } from "./histogram.ts";
import { Summary, type SummaryOptions } from "./summary.ts";

/** Two collectors have a family of the same name. */
export class DuplicateFamilyError extends Error {
  override readonly name = "DuplicateFamilyError";
  readonly code = "DUPLICATE_FAMILY";
}

/** A page with its content type. */
export interface MetricsPage {
  readonly contentType: string;
  readonly text: string;
}

/** The metrics of a program, or of a part of it. */
export class Registry {
  readonly #collectors = new Set<Collector>();

  /** Adds a collector, and returns it. Adding it twice is the same as once. */
  register<T extends Collector>(collector: T): T {
    this.#collectors.add(collector);
    return collector;
  }

  /** Removes a collector; whether it was there. */
  unregister(collector: Collector): boolean {
    return this.#collectors.delete(collector);
  }

  /** A registered counter. */
  counter(name: string, help: string, labelNames: readonly string[] = []): Counter {
    return this.register(new Counter({ name, help, labelNames }));
  }

  /** A registered gauge. */
  gauge(name: string, help: string, labelNames: readonly string[] = []): Gauge {
    return this.register(new Gauge({ name, help, labelNames }));
  }

  /** A registered histogram. */
  histogram(options: HistogramOptions): Histogram {
    return this.register(new Histogram(options));
  }

  /** A registered summary. */
  summary(options: SummaryOptions): Summary {
    return this.register(new Summary(options));
  }

  /** A registered metric that is read when asked for. */
  callback(options: CallbackOptions): CallbackMetric {
    return this.register(new CallbackMetric(options));
  }

  /** All families, in no order. Throws `DuplicateFamilyError`. */
  gather(): MetricFamily[] {
    return joinFamilies([...this.#collectors].map((collector) => collector.collect()));
  }

  /** The page in the text format. */
  text(): string {
    return writeText(this.gather());
  }

  /** The page in the format that an Accept header asks for; OpenMetrics only with `openMetrics`. */
  page(accept: string, openMetrics = false): MetricsPage {
    return writePage(this.gather(), accept, openMetrics);
  }
}

/** One list of several. Throws `DuplicateFamilyError` when a name comes twice. */
export function joinFamilies(lists: readonly (readonly MetricFamily[])[]): MetricFamily[] {
  const names = new Set<string>();
  const all = lists.flat();
  for (const { name } of all) {
    if (names.has(name)) throw new DuplicateFamilyError(`metric family "${name}" was collected before`);
    names.add(name);
  }
  return all;
}

/** Families as a page in the format that an Accept header asks for. */
export function writePage(
  families: readonly MetricFamily[],
  accept: string,
  openMetrics: boolean,
): MetricsPage {
  if (openMetrics && prefersOpenMetrics(accept)) {
    return { contentType: openMetricsContentType, text: writeOpenMetrics(families) };
  }
  const isVersion1 = /text\/plain\s*;[^,]*version=1\.0\.0[^,]*escaping=allow-utf-8/u.test(accept);
  return { contentType: isVersion1 ? text1ContentType : textContentType, text: writeText(families) };
}

/** Whether OpenMetrics has at least the weight of the text format in an Accept header. */
function prefersOpenMetrics(accept: string): boolean {
  let best = 0;
  let openMetrics = 0;
  for (const part of accept.split(",")) {
    const [type = "", ...parameters] = part.split(";").map((piece) => piece.trim());
    const q = Number(parameters.find((parameter) => parameter.startsWith("q="))?.slice(2) ?? "1");
    if (type === "application/openmetrics-text") openMetrics = Math.max(openMetrics, q);
    else if (type === "text/plain") best = Math.max(best, q);
  }
  return openMetrics > 0 && openMetrics >= best;
}
