/**
 * Resources that PuppetDB knows: `puppetdb_sd_configs`.
 */

import { boolean, duration, int, shown, text, withDefault } from "@narthex/config/decode";
import { object } from "@narthex/config/decode-section";
import { bodyText } from "@narthex/http/client";
import { checkHttpClient, httpClientFields, joinHttpClientFiles } from "@narthex/http/client-config";
import type { Labels } from "@narthex/model/labels";
import { apiMechanism } from "../api-mechanism.ts";
import { Json } from "../json.ts";
import type { MechanismKind } from "../mechanism.ts";
import {
  enclosed,
  joinHostPort,
  sanitizeLabelName,
  soleGroup,
  targetFrom,
  type LabelFields,
} from "../target-labels.ts";
import { urlParts } from "../url-parts.ts";

const section = object(
  "puppetdb.plain",
  {
    ...httpClientFields,
    refresh_interval: withDefault(duration, 60_000),
    url: text,
    query: text,
    include_parameters: shown(boolean),
    port: withDefault(int, 80),
  },
  (written) => {
    if (written.url === "") throw new Error("URL is missing");
    const { scheme, host } = urlParts(written.url);
    if (scheme !== "http" && scheme !== "https") throw new Error("URL scheme must be 'http' or 'https'");
    if (host === "") throw new Error("host is missing in URL");
    if (written.query === "") throw new Error("query missing");
    checkHttpClient(written);
  },
);

/** A section of `puppetdb_sd_configs`. */
export type PuppetdbSection = typeof section.initial;

const jsonType = /^application\/json(?:;\s*charset=(?:"utf-8"|utf-8))?$/iu;

/** The mechanism. */
export const puppetdb: MechanismKind<PuppetdbSection> = {
  name: "puppetdb",
  section,
  joinFiles: joinHttpClientFiles,
  create: (written, context) => {
    const { query, refresh_interval: intervalMs } = written;
    const url = `${written.url.replace(/\/+$/u, "")}/pdb/query/v4`;
    const plan = { name: "puppetdb", section: written, baseUrl: written.url, intervalMs };
    return apiMechanism(plan, context, async (api, signal) => {
      const headers = ["accept", "application/json", "content-type", "application/json"];
      const body = JSON.stringify({ query });
      const answer = await api.call({ path: url, method: "POST", headers, body, signal });
      if (answer.status !== 200) throw new Error(`server returned HTTP status ${answer.statusText}`);
      if (!jsonType.test(answer.contentType))
        throw new Error(`unsupported content type ${answer.contentType}`);
      const resources = Json.parse(bodyText(answer)).items();
      return soleGroup(
        `${url}?query=${query}`,
        resources.map((resource) => targetOf(resource, written)),
      );
    });
  },
};

function targetOf(
  resource: Json,
  { query, port, include_parameters: withParameters }: PuppetdbSection,
): Labels {
  const tags = resource.at("tags").texts();
  const certname = resource.at("certname").text();
  const parameters = withParameters ? parameterFields("parameter_", resource.at("parameters").raw) : {};
  return targetFrom(joinHostPort(certname, port), "__meta_puppetdb_", {
    query,
    certname,
    resource: resource.at("resource").text(),
    type: resource.at("type").text(),
    title: resource.at("title").text(),
    exported: resource.at("exported").flag(),
    file: resource.at("file").text(),
    environment: resource.at("environment").text(),
    tags: tags.length === 0 ? "" : enclosed(tags),
    ...parameters,
  });
}

/** Labels for parameters of any shape: those inside others are named after the way to them. */
function parameterFields(prefix: string, parameters: unknown): LabelFields {
  const fields: LabelFields = {};
  for (const [name, value] of Object.entries((parameters ?? {}) as Record<string, unknown>)) {
    if (Array.isArray(value)) fields[prefix + sanitizeLabelName(name)] = value.map(plainText).join(",");
    else if (typeof value === "object")
      Object.assign(fields, parameterFields(`${prefix}${sanitizeLabelName(`${name}_`)}`, value));
    else fields[prefix + sanitizeLabelName(name)] = plainText(value);
  }
  return fields;
}

function plainText(value: unknown): string {
  return typeof value === "string" || typeof value === "boolean" || typeof value === "number"
    ? String(value)
    : "";
}
