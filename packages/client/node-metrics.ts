/**
 * What a program says of the runtime that it runs in: delays of the event loop, and the heap.
 *
 * A delay is how much later than due a timer ran; 0 means the loop was free. Each page covers the time since
 * the page before.
 */

import { monitorEventLoopDelay, type IntervalHistogram } from "node:perf_hooks";
import type { MetricFamily } from "@narthex/exposition/metric-family";
import { renderLabels } from "@narthex/exposition/metric-family";
import type { Collector } from "./collector.ts";

const resolutionMs = 10;

/** Metrics of the runtime. */
export class NodeMetrics implements Collector {
  readonly #delay: IntervalHistogram;

  constructor() {
    this.#delay = monitorEventLoopDelay({ resolution: resolutionMs });
    this.#delay.enable();
  }

  /** Stops watching the event loop. */
  stop(): void {
    this.#delay.disable();
  }

  collect(): readonly MetricFamily[] {
    const delay = this.#delay;
    const { heapTotal, heapUsed, external, arrayBuffers } = process.memoryUsage();
    const lag = (part: string, words: string, ns: number): MetricFamily =>
      gauge(`nodejs_eventloop_lag_${part}seconds`, `${words} of the event loop delays in seconds.`, ns / 1e9);
    const seen = delay.count > 0;
    const late = (ns: number): number => (seen ? Math.max(0, ns - resolutionMs * 1e6) : 0);
    const families = [
      lag("", "The last mean", late(delay.mean)),
      lag("min_", "The minimum", late(delay.min)),
      lag("max_", "The maximum", late(delay.max)),
      lag("mean_", "The mean", late(delay.mean)),
      lag("stddev_", "The standard deviation", seen ? delay.stddev : 0),
      lag("p50_", "The 50th percentile", late(delay.percentile(50))),
      lag("p90_", "The 90th percentile", late(delay.percentile(90))),
      lag("p99_", "The 99th percentile", late(delay.percentile(99))),
      gauge("nodejs_heap_size_total_bytes", "Process heap size from Node.js in bytes.", heapTotal),
      gauge("nodejs_heap_size_used_bytes", "Process heap size used from Node.js in bytes.", heapUsed),
      gauge("nodejs_external_memory_bytes", "Node.js external memory size in bytes.", external),
      gauge(
        "nodejs_array_buffers_bytes",
        "Memory of array buffers and shared memories in bytes.",
        arrayBuffers,
      ),
      gauge("nodejs_version_info", "Node.js version info.", 1, renderLabels([["version", process.version]])),
    ];
    delay.reset();
    return families;
  }
}

function gauge(name: string, help: string, value: number, labelText = ""): MetricFamily {
  return { name, help, type: "gauge", metrics: [{ labelText, value }] };
}
