/**
 * A mechanism that asks one JSON API at an interval: what most clouds come down to.
 */

import { object } from "@narthex/config/decode-section";
import { httpClientFields, type HttpClientSection } from "@narthex/http/client-config";
import { ApiClient, type ApiOptions } from "./api-client.ts";
import type { Mechanism, MechanismContext } from "./mechanism.ts";
import { refreshMechanism } from "./refresh-mechanism.ts";
import type { TargetGroup } from "./target-group.ts";

/** What to ask, whom and how often. */
export interface ApiPlan extends Omit<ApiOptions, "timeoutMs"> {
  /** The mechanism's name. */
  readonly name: string;
  readonly intervalMs: number;
  /** The interval when absent. */
  readonly timeoutMs?: number;
}

/** Asks the API with `refresh` again and again. */
export function apiMechanism(
  plan: ApiPlan,
  context: MechanismContext,
  refresh: (api: ApiClient, signal: AbortSignal) => Promise<readonly TargetGroup[]>,
): Mechanism {
  const { name, intervalMs } = plan;
  const api = new ApiClient({ timeoutMs: intervalMs, ...plan }, context);
  const close = (): void => api.close();
  return refreshMechanism({ name, intervalMs, refresh: (signal) => refresh(api, signal), close }, context);
}

const block = object("config.HTTPClientConfig", httpClientFields);

/** The HTTP client block of a mechanism that has none in its section. */
export function plainClientSection(): HttpClientSection {
  return { ...block.initial, proxy_from_environment: true };
}
