/**
 * What discovery counts about itself; the server lays this over its metrics.
 */

/** Counters and gauges of discovery. */
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
