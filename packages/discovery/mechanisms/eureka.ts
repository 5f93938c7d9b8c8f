/**
 * Applications registered in Eureka: `eureka_sd_configs`.
 */

import { duration, text, withDefault } from "@narthex/config/decode";
import { object } from "@narthex/config/decode-section";
import { bodyText } from "@narthex/http/client";
import { checkHttpClient, httpClientFields, joinHttpClientFiles } from "@narthex/http/client-config";
import type { Labels } from "@narthex/model/labels";
import { apiMechanism } from "../api-mechanism.ts";
import type { MechanismKind } from "../mechanism.ts";
import { joinHostPort, prefixed, soleGroup, targetFrom, type LabelFields } from "../target-labels.ts";
import { urlParts } from "../url-parts.ts";
import { childOf, childrenOf, parseXml, textAt, type XmlElement } from "../xml.ts";

const section = object(
  "eureka.plain",
  { server: text, ...httpClientFields, refresh_interval: withDefault(duration, 30_000) },
  (written) => {
    if (written.server === "") throw new Error("eureka_sd: empty or null eureka server");
    const { scheme, host } = urlParts(written.server);
    if (scheme === "" || host === "") throw new Error("eureka_sd: invalid eureka server URL");
    checkHttpClient(written);
  },
);

/** A section of `eureka_sd_configs`. */
export type EurekaSection = typeof section.initial;

const timeoutMs = 60_000;

/** The mechanism. */
export const eureka: MechanismKind<EurekaSection> = {
  name: "eureka",
  section,
  joinFiles: joinHttpClientFiles,
  create: (written, context) => {
    const { server, refresh_interval: intervalMs } = written;
    const plan = { name: "eureka", section: written, baseUrl: server, intervalMs, timeoutMs };
    return apiMechanism(plan, context, async (api, signal) => {
      const answer = await api.call({ path: `${server}/apps`, signal });
      if (answer.status < 200 || answer.status > 299)
        throw new Error(`non 2xx status '${answer.status}' response during eureka service discovery`);
      const applications = childrenOf(parseXml(bodyText(answer)), "application");
      return soleGroup("eureka", applications.flatMap(targetsOf));
    });
  },
};

function targetsOf(application: XmlElement): readonly Labels[] {
  const name = textAt(application, "name");
  return childrenOf(application, "instance").map((instance) => {
    const at = (key: string): string => textAt(instance, key) ?? "";
    const center = childOf(instance, "dataCenterInfo");
    const port = numberOf(childOf(instance, "port"));
    const target = targetFrom(joinHostPort(at("hostName"), port === "" ? 80 : port), "__meta_eureka_", {
      app_name: name,
      app_instance_hostname: at("hostName"),
      app_instance_homepage_url: at("homePageUrl"),
      app_instance_statuspage_url: at("statusPageUrl"),
      app_instance_healthcheck_url: at("healthCheckUrl"),
      app_instance_ip_addr: at("ipAddr"),
      app_instance_vip_address: at("vipAddress"),
      app_instance_secure_vip_address: at("secureVipAddress"),
      app_instance_status: at("status"),
      app_instance_country_id: at("countryId") || "0",
      app_instance_id: at("instanceId"),
      ...portFields("app_instance_port", childOf(instance, "port")),
      ...portFields("app_instance_secure_port", childOf(instance, "securePort")),
      app_instance_datacenterinfo_name: textAt(center, "name"),
      ...metadataFields("app_instance_datacenterinfo_metadata_", childOf(center, "metadata")),
      ...metadataFields("app_instance_metadata_", childOf(instance, "metadata")),
    });
    return target.with("instance", at("instanceId"));
  });
}

function numberOf(port: XmlElement | undefined): string {
  const text = port?.text.trim() ?? "";
  if (port !== undefined && !/^[0-9]+$/u.test(text)) throw new Error(`"${text}" is no port`);
  return text;
}

function portFields(name: string, port: XmlElement | undefined): LabelFields {
  if (port === undefined) return {};
  return { [name]: numberOf(port), [`${name}_enabled`]: port.attributes.get("enabled") === "true" };
}

function metadataFields(prefix: string, metadata: XmlElement | undefined): LabelFields {
  return prefixed(
    prefix,
    (metadata?.children ?? []).map(({ name, inner }) => [name, inner] as const),
  );
}
