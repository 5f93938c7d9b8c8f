/**
 * The metrics of scraping and discovery under the original's names: scrape-metrics and discovery-metrics laid
 * over the registry.
 */

import type { Registry } from "@narthex/client/registry";
import { usualTargets } from "@narthex/client/summary";
import type { DiscoveryMetrics } from "@narthex/discovery/discovery-metrics";
import type { ScrapeMetrics } from "@narthex/scrape/scrape-metrics";

/** Scraping's metrics in `registry`. */
export function registerScrapeMetrics(registry: Registry): ScrapeMetrics {
  const counter = (name: string, help: string, labels: readonly string[] = []) =>
    registry.counter(`prometheus_target_${name}`, help, labels);
  const pools = counter("scrape_pools_total", "Scrape pools that were created.");
  const poolsFailed = counter("scrape_pools_failed_total", "Scrape pools that could not be created.");
  const reloads = counter("scrape_pool_reloads_total", "Reloads of scrape pools.");
  const reloadsFailed = counter("scrape_pool_reloads_failed_total", "Reloads of scrape pools that failed.");
  const targetLimit = counter(
    "scrape_pool_exceeded_target_limit_total",
    "Times a pool had more targets than allowed.",
  );
  const syncs = counter("scrape_pool_sync_total", "Times a pool took over its targets.", ["scrape_job"]);
  const syncFailed = counter("sync_failed_total", "Targets that could not be made.", ["scrape_job"]);
  const bodyLimit = counter(
    "scrapes_exceeded_body_size_limit_total",
    "Scrapes with a body larger than allowed.",
  );
  const sampleLimit = counter(
    "scrapes_exceeded_sample_limit_total",
    "Scrapes with more samples than allowed.",
  );
  const labelLimits = counter("scrape_pool_exceeded_label_limits_total", "Scrapes that broke a label limit.");
  const duplicates = counter(
    "scrapes_sample_duplicate_timestamp_total",
    "Samples refused for a repeated time.",
  );
  const outOfOrder = counter("scrapes_sample_out_of_order_total", "Samples refused for their order.");
  const outOfBounds = counter("scrapes_sample_out_of_bounds_total", "Samples refused for their time.");
  const limits = registry.gauge("prometheus_target_scrape_pool_target_limit", "Most targets of a pool.", [
    "scrape_job",
  ]);
  const targets = registry.gauge("prometheus_target_scrape_pool_targets", "Targets of a pool.", [
    "scrape_job",
  ]);
  const summary = (name: string, help: string, label: string) =>
    registry.summary({ name: `prometheus_target_${name}`, help, labelNames: [label], targets: usualTargets });
  const reloadLength = summary("reload_length_seconds", "How long pool reloads took.", "interval");
  const syncLength = summary("sync_length_seconds", "How long taking over targets took.", "scrape_job");
  const intervalLength = summary("interval_length_seconds", "Actual time between scrapes.", "interval");
  const durations = registry.histogram({
    name: "prometheus_target_scrape_duration_seconds",
    help: "How long scrapes took.",
  });
  return {
    poolCreated: () => pools.inc(),
    poolFailed: () => poolsFailed.inc(),
    poolReloaded: () => reloads.inc(),
    poolReloadFailed: () => reloadsFailed.inc(),
    reloadLength: (interval, seconds) => reloadLength.labels(interval).observe(seconds),
    targetLimitExceeded: () => targetLimit.inc(),
    targetLimit: (job, limit) => limits.labels(job).set(limit),
    poolTargets: (job, count) => targets.labels(job).set(count),
    poolSynced: (job, seconds) => {
      syncs.labels(job).inc();
      syncLength.labels(job).observe(seconds);
    },
    targetsFailed: (job, count) => syncFailed.labels(job).inc(count),
    poolRemoved: (job) => {
      for (const metric of [limits, targets, syncs, syncFailed, syncLength]) metric.remove(job);
    },
    intervalLength: (interval, seconds) => intervalLength.labels(interval).observe(seconds),
    scrapeDuration: (seconds) => durations.observe(seconds),
    bodyLimitExceeded: () => bodyLimit.inc(),
    sampleLimitExceeded: () => sampleLimit.inc(),
    labelLimitsExceeded: () => labelLimits.inc(),
    duplicateSamples: (count) => duplicates.inc(count),
    outOfOrderSamples: (count) => outOfOrder.inc(count),
    outOfBoundsSamples: (count) => outOfBounds.inc(count),
  };
}

/** Discovery's metrics in `registry`. */
export function registerDiscoveryMetrics(registry: Registry): DiscoveryMetrics {
  const name = "scrape";
  const received = registry.counter("prometheus_sd_received_updates_total", "Updates from mechanisms.", [
    "name",
  ]);
  const updates = registry.counter("prometheus_sd_updates_total", "Updates passed on.", ["name"]);
  const discovered = registry.gauge("prometheus_sd_discovered_targets", "Targets found.", ["name", "config"]);
  const failed = registry.gauge("prometheus_sd_failed_configs", "Configurations that could not be loaded.", [
    "name",
  ]);
  const readErrors = registry.counter(
    "prometheus_sd_file_read_errors_total",
    "Files that could not be read.",
  );
  const watchErrors = registry.counter(
    "prometheus_sd_file_watcher_errors_total",
    "Directories that cannot be watched.",
  );
  const scans = registry.summary({
    name: "prometheus_sd_file_scan_duration_seconds",
    help: "How long reading target files took.",
  });
  const modified = registry.gauge("prometheus_sd_file_mtime_seconds", "When a target file changed.", [
    "filename",
  ]);
  return {
    receivedUpdate: () => received.labels(name).inc(),
    sentUpdate: () => updates.labels(name).inc(),
    discoveredTargets: (config, count) => discovered.labels(name, config).set(count),
    forget: (config) => void discovered.remove(name, config),
    failedConfigs: (count) => failed.labels(name).set(count),
    fileReadError: () => readErrors.inc(),
    fileWatcherError: () => watchErrors.inc(),
    fileScan: (seconds) => scans.observe(seconds),
    fileModified: (file, seconds) => {
      if (seconds === null) modified.remove(file);
      else modified.labels(file).set(seconds);
    },
  };
}
