/**
 * What discovery counts about itself; the server lays this over its metrics.
 */

/** Counters that belong to one mechanism. */
export type MechanismCounter =
  | "prometheus_sd_azure_cache_hit_total"
  | "prometheus_sd_azure_failures_total"
  | "prometheus_sd_consul_rpc_failures_total"
  | "prometheus_sd_dns_lookup_failures_total"
  | "prometheus_sd_dns_lookups_total"
  | "prometheus_sd_http_failures_total"
  | "prometheus_sd_kubernetes_failures_total"
  | "prometheus_sd_kuma_fetch_failures_total"
  | "prometheus_sd_kuma_fetch_skipped_updates_total"
  | "prometheus_sd_linode_failures_total"
  | "prometheus_sd_nomad_failures_total"
  | "prometheus_treecache_zookeeper_failures_total";

/** Counters and gauges of discovery. Those with a question mark may be left out by who does not care. */
export interface DiscoveryMetrics {
  /** prometheus_sd_received_updates_total */
  receivedUpdate(): void;
  /** prometheus_sd_updates_total */
  sentUpdate(): void;
  /** prometheus_sd_discovered_targets{config} */
  discoveredTargets(config: string, count: number): void;
  /** The scrape job `config` is gone. */
  forget(config: string): void;
  /** prometheus_sd_failed_configs */
  failedConfigs(count: number): void;
  /** prometheus_sd_file_read_errors_total */
  fileReadError(): void;
  /** prometheus_sd_file_watcher_errors_total */
  fileWatcherError(): void;
  /** prometheus_sd_file_scan_duration_seconds */
  fileScan(durationSeconds: number): void;
  /** prometheus_sd_file_mtime_seconds{filename}; null when the file is gone. */
  fileModified(file: string, modifiedSeconds: number | null): void;
  /** prometheus_sd_updates_delayed_total */
  delayedUpdate?(): void;
  /** prometheus_sd_last_update_timestamp_seconds{config} */
  lastUpdated?(config: string, seconds: number): void;
  /** prometheus_sd_refresh_failures_total{mechanism,config} */
  refreshFailed?(mechanism: string, config: string): void;
  /** prometheus_sd_refresh_duration_seconds{mechanism,config} and its histogram */
  refreshed?(mechanism: string, config: string, durationSeconds: number): void;
  /** Series of a mechanism and a job that is gone are to be dropped. */
  forgetRefreshes?(mechanism: string, config: string): void;
  /** prometheus_sd_kubernetes_events_total{role,event} */
  kubernetesEvent?(role: string, event: "add" | "delete" | "update"): void;
  /** prometheus_sd_consul_rpc_duration_seconds{endpoint,call} */
  consulCall?(endpoint: "catalog" | "health", call: "services" | "service", durationSeconds: number): void;
  /** prometheus_sd_kuma_fetch_duration_seconds */
  kumaFetch?(durationSeconds: number): void;
  /** A counter of one mechanism goes up by one. */
  count?(counter: MechanismCounter): void;
}

/** Counts nothing. */
export const noDiscoveryMetrics: DiscoveryMetrics = {
  receivedUpdate: () => {},
  sentUpdate: () => {},
  discoveredTargets: () => {},
  forget: () => {},
  failedConfigs: () => {},
  fileReadError: () => {},
  fileWatcherError: () => {},
  fileScan: () => {},
  fileModified: () => {},
};
