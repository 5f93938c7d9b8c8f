/**
 * Instances of Amazon Lightsail: `lightsail_sd_configs`.
 */

import { object } from "@narthex/config/decode-section";
import { checkHttpClient, joinHttpClientFiles } from "@narthex/http/client-config";
import type { Labels } from "@narthex/model/labels";
import { callAws } from "../aws/aws-caller.ts";
import { awsFields, AwsSession } from "../aws/aws-session.ts";
import { Json } from "../json.ts";
import type { MechanismKind } from "../mechanism.ts";
import { refreshMechanism } from "../refresh-mechanism.ts";
import { enclosed, joinHostPort, prefixed, soleGroup, targetFrom } from "../target-labels.ts";

const section = object("aws.plain", awsFields, (written) => checkHttpClient(written));

/** A section of `lightsail_sd_configs`. */
export type LightsailSection = typeof section.initial;

const headers = [
  "content-type",
  "application/x-amz-json-1.1",
  "x-amz-target",
  "Lightsail_20161128.GetInstances",
];

/** The mechanism. */
export const lightsail: MechanismKind<LightsailSection> = {
  name: "lightsail",
  section,
  joinFiles: joinHttpClientFiles,
  create: (written, context) => {
    const session = new AwsSession(written, context);
    const { endpoint, port, refresh_interval: intervalMs } = written;
    const refresh = (signal: AbortSignal) =>
      session.run(signal, async (caller, keys) => {
        const call = { service: "lightsail", endpoint, headers, body: "{}", keys };
        const answer = Json.parse(await callAws(call, caller));
        const instances = answer.at("instances").items();
        const reachable = instances.filter((instance) => instance.at("privateIpAddress").exists);
        return soleGroup(
          caller.region,
          reachable.map((instance) => targetOf(instance, caller.region, port)),
        );
      });
    return refreshMechanism({ name: "lightsail", intervalMs, refresh }, context);
  },
};

function targetOf(instance: Json, region: string, port: number): Labels {
  const privateIp = instance.at("privateIpAddress").text();
  const ipv6 = instance.at("ipv6Addresses").texts();
  const tags = instance
    .at("tags")
    .items()
    .filter((tag) => tag.at("value").exists);
  return targetFrom(joinHostPort(privateIp, port), "__meta_lightsail_", {
    private_ip: privateIp,
    region,
    availability_zone: instance.at("location", "availabilityZone").text(),
    blueprint_id: instance.at("blueprintId").text(),
    bundle_id: instance.at("bundleId").text(),
    instance_name: instance.at("name").text(),
    instance_state: instance.at("state", "name").text(),
    instance_support_code: instance.at("supportCode").text(),
    public_ip: instance.at("publicIpAddress").text(),
    ipv6_addresses: ipv6.length === 0 ? "" : enclosed(ipv6),
    ...prefixed(
      "tag_",
      tags.map((tag) => [tag.at("key").text(), tag.at("value").text()]),
    ),
  });
}
