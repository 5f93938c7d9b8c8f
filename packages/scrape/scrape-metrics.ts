/**
 * What scraping counts about itself; the server lays this over its metrics. The comment of each is the
 * metric's name without its leading `prometheus_`.
 */

/** Counters, gauges and observations of scraping. */
export interface ScrapeMetrics {
  /** target_scrape_pools_total */
  poolCreated(): void;
  /** target_scrape_pools_failed_total */
  poolFailed(): void;
  /** target_scrape_pool_reloads_total */
  poolReloaded(): void;
  /** target_scrape_pool_reloads_failed_total */
  poolReloadFailed(): void;
  /** target_reload_length_seconds{interval} */
  reloadLength(interval: string, seconds: number): void;
  /** target_scrape_pool_exceeded_target_limit_total */
  targetLimitExceeded(): void;
  /** target_scrape_pool_target_limit{scrape_job} */
  targetLimit(job: string, limit: number): void;
  /** target_scrape_pool_targets{scrape_job} */
  poolTargets(job: string, count: number): void;
  /** target_scrape_pool_sync_total{scrape_job}, target_sync_length_seconds{scrape_job} */
  poolSynced(job: string, seconds: number): void;
  /** target_sync_failed_total{scrape_job} */
  targetsFailed(job: string, count: number): void;
  /** The pool of `job` is gone: drop its labelled values. */
  poolRemoved(job: string): void;
  /** target_interval_length_seconds{interval} */
  intervalLength(interval: string, seconds: number): void;
  /** target_scrape_duration_seconds */
  scrapeDuration(seconds: number): void;
  /** target_scrapes_exceeded_body_size_limit_total */
  bodyLimitExceeded(): void;
  /** target_scrapes_exceeded_sample_limit_total */
  sampleLimitExceeded(): void;
  /** target_scrapes_exceeded_native_histogram_bucket_limit_total */
  bucketLimitExceeded?(): void;
  /** target_scrapes_exemplar_out_of_order_total */
  outOfOrderExemplars?(count: number): void;
  /** target_scrape_pool_exceeded_label_limits_total */
  labelLimitsExceeded(): void;
  /** target_scrapes_sample_duplicate_timestamp_total */
  duplicateSamples(count: number): void;
  /** target_scrapes_sample_out_of_order_total */
  outOfOrderSamples(count: number): void;
  /** target_scrapes_sample_out_of_bounds_total */
  outOfBoundsSamples(count: number): void;
}

/** Counts nothing. */
export const noScrapeMetrics: ScrapeMetrics = {
  poolCreated: () => {},
  poolFailed: () => {},
  poolReloaded: () => {},
  poolReloadFailed: () => {},
  reloadLength: () => {},
  targetLimitExceeded: () => {},
  targetLimit: () => {},
  poolTargets: () => {},
  poolSynced: () => {},
  targetsFailed: () => {},
  poolRemoved: () => {},
  intervalLength: () => {},
  scrapeDuration: () => {},
  bodyLimitExceeded: () => {},
  sampleLimitExceeded: () => {},
  labelLimitsExceeded: () => {},
  duplicateSamples: () => {},
  outOfOrderSamples: () => {},
  outOfBoundsSamples: () => {},
};
