/**
 * Targets that an HTTP server lists, in the JSON of discovery files: `http_sd_configs`.
 *
 * Invariant: groups that the server no longer lists are emptied; when it cannot be asked, all stay.
 */

import { duration, text, withDefault } from "@narthex/config/decode";
import { object } from "@narthex/config/decode-section";
import { Labels, quoteGo } from "@narthex/model/labels";
import { bodyText } from "@narthex/http/client";
import { checkHttpClient, httpClientFields, joinHttpClientFiles } from "@narthex/http/client-config";
import { ApiClient } from "../api-client.ts";
import type { MechanismKind } from "../mechanism.ts";
import { refreshMechanism } from "../refresh-mechanism.ts";
import { groupFrom, type TargetGroup } from "../target-group.ts";
import { groupsFromJson } from "../target-json.ts";
import { urlParts } from "../url-parts.ts";

const section = object(
  "http.plain",
  { ...httpClientFields, refresh_interval: withDefault(duration, 60_000), url: text },
  (written) => {
    if (written.url === "") throw new Error("URL is missing");
    const parsed = urlParts(written.url);
    if (parsed.scheme !== "http" && parsed.scheme !== "https")
      throw new Error("URL scheme must be 'http' or 'https'");
    if (parsed.host === "") throw new Error("host is missing in URL");
    checkHttpClient(written);
  },
);

/** A section of `http_sd_configs`. */
export type HttpSection = typeof section.initial;

const jsonType = /^application\/json(?:;\s*charset=(?:"utf-8"|utf-8))?$/iu;

/** The mechanism. */
export const http: MechanismKind<HttpSection> = {
  name: "http",
  section,
  joinFiles: joinHttpClientFiles,
  create: (written, context) => {
    const { url, refresh_interval: intervalMs } = written;
    const headers = [
      "accept",
      "application/json",
      "x-prometheus-refresh-interval-seconds",
      String(intervalMs / 1000),
    ];
    const api = new ApiClient({ section: written, baseUrl: url, timeoutMs: intervalMs, headers }, context);
    let lastCount = 0;
    const fetchGroups = async (signal: AbortSignal): Promise<TargetGroup[]> => {
      const answer = await api.call({ path: url, signal });
      if (answer.status !== 200) throw new Error(`server returned HTTP status ${answer.statusText}`);
      if (!jsonType.test(answer.contentType.trim()))
        throw new Error(`unsupported content type ${quoteGo(answer.contentType)}`);
      return groupsFromJson(bodyText(answer)).map((group, i) =>
        groupFrom(group, `${url}:${i}`, [["__meta_url", url]]),
      );
    };
    const refresh = async (signal: AbortSignal): Promise<TargetGroup[]> => {
      try {
        const groups = await fetchGroups(signal);
        const count = groups.length;
        for (let i = count; i < lastCount; i++)
          groups.push({ source: `${url}:${i}`, targets: [], labels: Labels.empty });
        lastCount = count;
        return groups;
      } catch (error) {
        context.metrics.count?.("prometheus_sd_http_failures_total");
        throw error;
      }
    };
    return refreshMechanism({ name: "http", intervalMs, refresh, close: () => api.close() }, context);
  },
};
