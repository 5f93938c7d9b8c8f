/**
 * Data planes of a Kuma mesh, asked for at its Monitoring Assignment Discovery Service: `kuma_sd_configs`.
 *
 * Invariant: an answer without news (304) changes nothing; the next question carries the version and the
 * nonce of the last answer.
 */

import { duration, text, withDefault } from "@narthex/config/decode";
import { object } from "@narthex/config/decode-section";
import { bodyText } from "@narthex/http/client";
import { checkHttpClient, httpClientFields, joinHttpClientFiles } from "@narthex/http/client-config";
import { formatDuration } from "@narthex/model/duration";
import type { Labels } from "@narthex/model/labels";
import { hostName } from "@narthex/platform/machine";
import { ApiClient } from "../api-client.ts";
import { Json } from "../json.ts";
import type { Mechanism, MechanismContext, MechanismKind, UpdateGroups } from "../mechanism.ts";
import { labelsFrom, prefixed, soleGroup } from "../target-labels.ts";
import { urlParts } from "../url-parts.ts";

const section = object(
  "xds.plainKumaConf",
  {
    ...httpClientFields,
    refresh_interval: withDefault(duration, 15_000),
    fetch_timeout: withDefault(duration, 120_000),
    server: text,
    client_id: text,
  },
  (written) => {
    if (written.server === "") throw new Error("kuma SD server must not be empty: ");
    const { scheme, host } = urlParts(written.server);
    if (scheme === "" || host === "")
      throw new Error(`kuma SD server must not be empty and have a scheme: ${written.server}`);
    checkHttpClient(written);
  },
);

/** A section of `kuma_sd_configs`. */
export type KumaSection = typeof section.initial;

const typeUrl = "type.googleapis.com/kuma.observability.v1.MonitoringAssignment";

/** The mechanism. */
export const kuma: MechanismKind<KumaSection> = {
  name: "kuma",
  section,
  joinFiles: joinHttpClientFiles,
  create: (written, context) => new KumaDiscovery(written, context),
};

class KumaDiscovery implements Mechanism {
  readonly #section: KumaSection;
  readonly #context: MechanismContext;
  readonly #api: ApiClient;
  readonly #path: string;
  #version = "";
  #nonce = "";

  constructor(section: KumaSection, context: MechanismContext) {
    const { server, fetch_timeout: fetchMs } = section;
    this.#section = section;
    this.#context = context;
    this.#api = new ApiClient({ section, baseUrl: server, timeoutMs: fetchMs + 15_000 }, context);
    const base = server.replace(/[?#].*$/u, "").replace(/\/+$/u, "");
    this.#path = `${base}/v3/discovery:monitoringassignments?fetch-timeout=${formatDuration(fetchMs)}`;
  }

  async run(update: UpdateGroups, signal: AbortSignal): Promise<void> {
    const { clock, logger, metrics } = this.#context;
    let nextMs = clock.monotonicMs();
    while (!signal.aborted) {
      const startMs = clock.monotonicMs();
      try {
        const targets = await this.#fetch(signal);
        if (targets === null) metrics.count?.("prometheus_sd_kuma_fetch_skipped_updates_total");
        else if (!signal.aborted) update(soleGroup("kuma", targets));
      } catch (error) {
        if (signal.aborted) break;
        metrics.count?.("prometheus_sd_kuma_fetch_failures_total");
        logger.error("error parsing resources", { err: error });
      }
      metrics.kumaFetch?.((clock.monotonicMs() - startMs) / 1000);
      nextMs = Math.max(nextMs + this.#section.refresh_interval, clock.monotonicMs());
      await clock.sleep(nextMs - clock.monotonicMs(), signal);
    }
    this.#api.close();
  }

  /** The targets; null when there is nothing new. */
  async #fetch(signal: AbortSignal): Promise<readonly Labels[] | null> {
    const answer = await this.#api.call({
      path: this.#path,
      method: "POST",
      headers: ["content-type", "application/json", "accept", "application/json"],
      body: JSON.stringify({
        ...(this.#version === "" ? {} : { version_info: this.#version }),
        node: { id: this.#section.client_id || hostName() },
        type_url: typeUrl,
        ...(this.#nonce === "" ? {} : { response_nonce: this.#nonce }),
      }),
      signal,
    });
    if (answer.status === 304) return null;
    if (answer.status !== 200) throw new Error(`non 200 status '${answer.status}' response during xDS fetch`);
    const response = Json.parse(bodyText(answer));
    this.#nonce = response.at("nonce").text();
    this.#version = either(response, "versionInfo", "version_info").text();
    const type = either(response, "typeUrl", "type_url").text();
    if (type !== typeUrl) throw new Error(`received invalid typeURL for Kuma MADS v1 Resource: ${type}`);
    return response.at("resources").items().flatMap(targetsOf);
  }
}

/** Fields of protobuf messages have two names in JSON. */
function either(part: Json, camel: string, snake: string): Json {
  return part.at(camel).exists ? part.at(camel) : part.at(snake);
}

function targetsOf(assignment: Json): readonly Labels[] {
  const prefix = "__meta_kuma_";
  const userLabels = (part: Json) =>
    prefixed(
      `${prefix}label_`,
      part
        .at("labels")
        .fields()
        .map(([name, value]) => [name, value.text()] as const),
    );
  return assignment
    .at("targets")
    .items()
    .map((target) => {
      const name = target.at("name").text();
      return labelsFrom("", {
        ...userLabels(target),
        ...userLabels(assignment),
        [`${prefix}mesh`]: assignment.at("mesh").text(),
        [`${prefix}service`]: assignment.at("service").text(),
        [`${prefix}dataplane`]: name,
        __address__: target.at("address").text(),
        instance: name,
        __scheme__: target.at("scheme").text(),
        __metrics_path__: either(target, "metricsPath", "metrics_path").text(),
      });
    });
}
