/**
 * Instances of Amazon EC2: `ec2_sd_configs`.
 */

import { shown, text } from "@narthex/config/decode";
import { list, object } from "@narthex/config/decode-section";
import { checkHttpClient, joinHttpClientFiles } from "@narthex/http/client-config";
import type { AwsKeys } from "@narthex/http/sigv4";
import type { Labels } from "@narthex/model/labels";
import { callQueryApi, type AwsCaller } from "../aws/aws-caller.ts";
import { awsFields, AwsSession } from "../aws/aws-session.ts";
import type { MechanismContext, MechanismKind } from "../mechanism.ts";
import { refreshMechanism } from "../refresh-mechanism.ts";
import type { TargetGroup } from "../target-group.ts";
import { enclosed, joinHostPort, prefixed, soleGroup, targetFrom } from "../target-labels.ts";
import { childOf, childrenOf, textAt, type XmlElement } from "../xml.ts";

const section = object(
  "aws.plain",
  { ...awsFields, filters: shown(list(object("aws.Filter", { name: text, values: list(text) }))) },
  (written) => {
    if (written.filters.some(({ values }) => values.length === 0))
      throw new Error("EC2 SD configuration filter values cannot be empty");
    checkHttpClient(written);
  },
);

/** A section of `ec2_sd_configs`. */
export type Ec2Section = typeof section.initial;

const version = "2016-11-15";

/** The mechanism. */
export const ec2: MechanismKind<Ec2Section> = {
  name: "ec2",
  section,
  joinFiles: joinHttpClientFiles,
  create: (written, context) => {
    const discovery = new Ec2Discovery(written, context);
    const intervalMs = written.refresh_interval;
    const refresh = (signal: AbortSignal): Promise<readonly TargetGroup[]> => discovery.refresh(signal);
    return refreshMechanism({ name: "ec2", intervalMs, refresh }, context);
  },
};

class Ec2Discovery {
  readonly #section: Ec2Section;
  readonly #context: MechanismContext;
  readonly #session: AwsSession;
  /** Ids of zones by their name in this account; null before they could be asked for. */
  #zoneIds: ReadonlyMap<string, string> | null = null;

  constructor(section: Ec2Section, context: MechanismContext) {
    this.#section = section;
    this.#context = context;
    this.#session = new AwsSession(section, context);
  }

  refresh(signal: AbortSignal): Promise<readonly TargetGroup[]> {
    return this.#session.run(signal, async (caller, keys) => {
      this.#zoneIds ??= await this.#askZones(caller, keys);
      const targets: Labels[] = [];
      let token = "";
      do {
        const page = await this.#askPage(token, caller, keys);
        for (const reservation of childrenOf(childOf(page, "reservationSet"), "item")) {
          for (const instance of childrenOf(childOf(reservation, "instancesSet"), "item")) {
            const target = this.#targetOf(instance, textAt(reservation, "ownerId"), caller.region);
            if (target !== null) targets.push(target);
          }
        }
        token = textAt(page, "nextToken") ?? "";
      } while (token !== "");
      return soleGroup(caller.region, targets);
    });
  }

  async #askPage(token: string, caller: AwsCaller, keys: AwsKeys): Promise<XmlElement> {
    const filters = this.#section.filters.flatMap(({ name, values }, i) => [
      [`Filter.${i + 1}.Name`, name],
      ...values.map((value, j) => [`Filter.${i + 1}.Value.${j + 1}`, value]),
    ]);
    const parameters = {
      Action: "DescribeInstances",
      Version: version,
      ...(Object.fromEntries(filters) as Record<string, string>),
      ...(token === "" ? {} : { NextToken: token }),
    };
    const call = { service: "ec2", endpoint: this.#section.endpoint, keys };
    try {
      return await callQueryApi(parameters, call, caller);
    } catch (error) {
      (error as Error).message = `could not describe instances: ${(error as Error).message}`;
      throw error;
    }
  }

  /** Without the right to ask for zones, their ids are left out. */
  async #askZones(caller: AwsCaller, keys: AwsKeys): Promise<ReadonlyMap<string, string> | null> {
    try {
      const parameters = { Action: "DescribeAvailabilityZones", Version: version };
      const answer = await callQueryApi(
        parameters,
        { service: "ec2", endpoint: this.#section.endpoint, keys },
        caller,
      );
      const zones = childrenOf(childOf(answer, "availabilityZoneInfo"), "item");
      return new Map(zones.map((zone) => [textAt(zone, "zoneName") ?? "", textAt(zone, "zoneId") ?? ""]));
    } catch (error) {
      this.#context.logger.debug("Unable to describe availability zones", { err: error });
      return null;
    }
  }

  #targetOf(instance: XmlElement, owner: string | undefined, region: string): Labels | null {
    const at = (...names: string[]): string => textAt(instance, ...names) ?? "";
    const interfaces = interfacesOf(instance);
    const { primaryIpv6, ipv6, subnets } = interfaces;
    const defaultIpv6 = [...primaryIpv6, ...ipv6].find((address) => address !== "") ?? "";
    const privateIp = at("privateIpAddress");
    if (privateIp === "" && defaultIpv6 === "") return null;
    const zone = at("placement", "availabilityZone");
    const isPublic = at("ipAddress") !== "";
    const hasVpc = at("vpcId") !== "";
    const tags = childrenOf(childOf(instance, "tagSet"), "item");
    return targetFrom(joinHostPort(privateIp || defaultIpv6, this.#section.port), "__meta_ec2_", {
      instance_id: at("instanceId"),
      region,
      owner_id: owner,
      default_ipv6_address: defaultIpv6,
      private_ip: privateIp,
      private_dns_name: at("privateDnsName"),
      platform: at("platform"),
      public_ip: at("ipAddress"),
      public_dns_name: isPublic ? at("dnsName") : "",
      primary_ipv6_addresses: primaryIpv6.length === 0 ? "" : enclosed(primaryIpv6),
      ipv6_addresses: ipv6.length === 0 ? "" : enclosed(ipv6),
      ami: at("imageId"),
      availability_zone: zone,
      availability_zone_id: this.#zoneIds?.get(zone),
      instance_state: at("instanceState", "name"),
      instance_type: at("instanceType"),
      instance_lifecycle: at("instanceLifecycle"),
      architecture: at("architecture"),
      vpc_id: at("vpcId"),
      primary_subnet_id: hasVpc ? at("subnetId") : "",
      subnet_id: hasVpc ? enclosed(subnets) : "",
      ...prefixed(
        "tag_",
        tags.map((tag) => [textAt(tag, "key") ?? "", textAt(tag, "value")]),
      ),
    });
  }
}

interface Interfaces {
  /** By the index of the device; "" where one has no primary address. */
  readonly primaryIpv6: readonly string[];
  readonly ipv6: readonly string[];
  readonly subnets: readonly string[];
}

function interfacesOf(instance: XmlElement): Interfaces {
  const primaryIpv6: string[] = [];
  const ipv6: string[] = [];
  const subnets = new Set<string>();
  const hasVpc = (textAt(instance, "vpcId") ?? "") !== "";
  for (const one of hasVpc ? childrenOf(childOf(instance, "networkInterfaceSet"), "item") : []) {
    const subnet = textAt(one, "subnetId");
    if (subnet === undefined) continue;
    subnets.add(subnet);
    const index = Number(textAt(one, "attachment", "deviceIndex") ?? 0);
    for (const item of childrenOf(childOf(one, "ipv6AddressesSet"), "item")) {
      const address = textAt(item, "ipv6Address") ?? "";
      ipv6.push(address);
      if (textAt(item, "isPrimaryIpv6") !== "true") continue;
      while (primaryIpv6.length <= index) primaryIpv6.push("");
      primaryIpv6[index] = address;
    }
  }
  return { primaryIpv6, ipv6, subnets: [...subnets] };
}
