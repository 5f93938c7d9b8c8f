/**
 * The metrics of scraping and discovery under the original's names: scrape-metrics and discovery-metrics laid
 * over the registry.
 */

import type { Registry } from "@narthex/client/registry";
import { usualTargets } from "@narthex/client/summary";
import type { DiscoveryMetrics, MechanismCounter } from "@narthex/discovery/discovery-metrics";
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
  const delayed = registry.counter(
    "prometheus_sd_updates_delayed_total",
    "Updates that had to wait before they were passed on.",
    ["name"],
  );
  const updatedAt = registry.gauge(
    "prometheus_sd_last_update_timestamp_seconds",
    "When an update was last passed on.",
    ["name", "config"],
  );
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
    ...registerMechanismMetrics(registry),
    receivedUpdate: () => received.labels(name).inc(),
    sentUpdate: () => updates.labels(name).inc(),
    discoveredTargets: (config, count) => discovered.labels(name, config).set(count),
    forget: (config) => {
      discovered.remove(name, config);
      updatedAt.remove(name, config);
    },
    delayedUpdate: () => delayed.labels(name).inc(),
    lastUpdated: (config, seconds) => updatedAt.labels(name, config).set(seconds),
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

/** The quantiles of refreshes and of calls to catalogues. */
const refreshTargets = usualTargets.filter(({ quantile }) => quantile >= 0.5);

/** Counters of single mechanisms, with what they count. */
const mechanismCounters: Readonly<Record<MechanismCounter, string>> = {
  prometheus_sd_azure_cache_hit_total: "Network interfaces that did not have to be asked for.",
  prometheus_sd_azure_failures_total: "Azure refreshes that failed.",
  prometheus_sd_consul_rpc_failures_total: "Consul calls that failed.",
  prometheus_sd_dns_lookup_failures_total: "DNS lookups that failed.",
  prometheus_sd_dns_lookups_total: "DNS lookups.",
  prometheus_sd_http_failures_total: "HTTP refreshes that failed.",
  prometheus_sd_kubernetes_failures_total: "Kubernetes lists and watches that failed.",
  prometheus_sd_kuma_fetch_failures_total: "Kuma fetches that failed.",
  prometheus_sd_kuma_fetch_skipped_updates_total: "Kuma fetches that brought nothing new.",
  prometheus_sd_linode_failures_total: "Linode refreshes that failed.",
  prometheus_sd_nomad_failures_total: "Nomad refreshes that failed.",
  prometheus_treecache_zookeeper_failures_total: "ZooKeeper sessions that failed.",
};

/** What mechanisms say of themselves, in `registry`. */
function registerMechanismMetrics(registry: Registry): Partial<DiscoveryMetrics> {
  const counters = new Map(
    Object.entries(mechanismCounters).map(([name, help]) => [name, registry.counter(name, help)]),
  );
  const labelNames = ["mechanism", "config"];
  const failures = registry.counter(
    "prometheus_sd_refresh_failures_total",
    "Refreshes that failed.",
    labelNames,
  );
  const durations = registry.summary({
    name: "prometheus_sd_refresh_duration_seconds",
    help: "How long refreshes took.",
    labelNames,
    targets: refreshTargets,
  });
  const spread = registry.histogram({
    name: "prometheus_sd_refresh_duration_histogram_seconds",
    help: "How long refreshes took, by mechanism.",
    labelNames: ["mechanism"],
    bounds: [0.01, 0.1, 1, 10],
  });
  const events = registry.counter("prometheus_sd_kubernetes_events_total", "Kubernetes events handled.", [
    "role",
    "event",
  ]);
  const calls = registry.summary({
    name: "prometheus_sd_consul_rpc_duration_seconds",
    help: "How long Consul calls took.",
    labelNames: ["endpoint", "call"],
    targets: refreshTargets,
  });
  const fetches = registry.summary({
    name: "prometheus_sd_kuma_fetch_duration_seconds",
    help: "How long Kuma fetches took.",
    targets: refreshTargets,
  });
  return {
    refreshFailed: (mechanism, config) => failures.labels(mechanism, config).inc(),
    refreshed: (mechanism, config, seconds) => {
      durations.labels(mechanism, config).observe(seconds);
      spread.labels(mechanism).observe(seconds);
    },
    forgetRefreshes: (mechanism, config) => {
      failures.remove(mechanism, config);
      durations.remove(mechanism, config);
    },
    kubernetesEvent: (role, event) => events.labels(role, event).inc(),
    consulCall: (endpoint, call, seconds) => calls.labels(endpoint, call).observe(seconds),
    kumaFetch: (seconds) => fetches.observe(seconds),
    count: (counter) => counters.get(counter)?.inc(),
  };
}
