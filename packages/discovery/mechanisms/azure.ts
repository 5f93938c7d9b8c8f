/**
 * Virtual machines of Azure, alone and in scale sets: `azure_sd_configs`.
 *
 * Idea: a machine's addresses stand in its network interfaces, each of which costs a request; they rarely
 * change and are kept for about ten refreshes.
 */

import { convert, duration, int, secret, text, withDefault } from "@narthex/config/decode";
import { object } from "@narthex/config/decode-section";
import { checkHttpClient, httpClientFields } from "@narthex/http/client-config";
import { quoteGo, type Labels } from "@narthex/model/labels";
import { ApiClient, ApiStatusError } from "../api-client.ts";
import { AzureToken, azureMethods, type AzureCloud, type AzureMethod } from "../azure-token.ts";
import type { Json } from "../json.ts";
import type { MechanismContext, MechanismKind } from "../mechanism.ts";
import { refreshMechanism } from "../refresh-mechanism.ts";
import { joinHostPort, prefixed, soleGroup, targetFrom } from "../target-labels.ts";

function demand(value: string, name: string): void {
  if (value === "") throw new Error(`azure SD configuration requires a ${name}`);
}

const section = object(
  "azure.plain",
  {
    environment: withDefault(text, "AzurePublicCloud"),
    port: withDefault(int, 80),
    subscription_id: text,
    tenant_id: text,
    client_id: text,
    client_secret: secret,
    refresh_interval: withDefault(duration, 300_000),
    authentication_method: withDefault(
      convert(text, "", (value) => value),
      "OAuth",
    ),
    resource_group: text,
    ...httpClientFields,
  },
  (written) => {
    const method = written.authentication_method;
    demand(written.subscription_id, "subscription_id");
    if (method === "OAuth") {
      demand(written.tenant_id, "tenant_id");
      demand(written.client_id, "client_id");
      demand(written.client_secret.reveal(), "client_secret");
    }
    if (!azureMethods.includes(method as AzureMethod)) {
      const [a, b, c, d] = azureMethods.map(quoteGo);
      throw new Error(
        `unknown authentication_type ${quoteGo(method)}. Supported types are ${a}, ${b}, ${c} or ${d}`,
      );
    }
    checkHttpClient(written);
  },
);

/** A section of `azure_sd_configs`. */
export type AzureSection = typeof section.initial;

const publicCloud = {
  authority: "https://login.microsoftonline.com",
  manager: "https://management.azure.com",
};
const governmentCloud = {
  authority: "https://login.microsoftonline.us",
  manager: "https://management.usgovcloudapi.net",
};
const clouds = new Map<string, AzureCloud>([
  [
    "AZURECHINACLOUD",
    { authority: "https://login.chinacloudapi.cn", manager: "https://management.chinacloudapi.cn" },
  ],
  ["AZURECLOUD", publicCloud],
  ["AZUREGERMANCLOUD", publicCloud],
  ["AZUREPUBLICCLOUD", publicCloud],
  ["AZUREUSGOVERNMENT", governmentCloud],
  ["AZUREUSGOVERNMENTCLOUD", governmentCloud],
]);

/** The cloud that a section names. Throws for a name that is none. */
function cloudNamed(name: string): AzureCloud {
  const cloud = clouds.get(name.toUpperCase());
  if (cloud === undefined)
    throw new Error(`there is no cloud configuration matching the name ${quoteGo(name.toUpperCase())}`);
  return cloud;
}

/** The mechanism; `cloudOf` tells where a cloud of a name is. */
export function azureKind(cloudOf: (name: string) => AzureCloud): MechanismKind<AzureSection> {
  return {
    name: "azure",
    section,
    create: (written, context) => {
      const discovery = new AzureDiscovery(written, cloudOf(written.environment), context);
      const intervalMs = written.refresh_interval;
      const refresh = async (signal: AbortSignal) => {
        try {
          return soleGroup("", await discovery.targets(signal));
        } catch (error) {
          context.metrics.count?.("prometheus_sd_azure_failures_total");
          throw error;
        }
      };
      return refreshMechanism(
        { name: "azure", intervalMs, refresh, close: () => discovery.close() },
        context,
      );
    },
  };
}

/** The mechanism. */
export const azure = azureKind(cloudNamed);

const computeVersion = "2023-09-01";
const networkVersion = "2023-05-01";
const scaleSetNetworkVersion = "2018-10-01";
const maxKept = 5_000;
const keptRefreshes = 10;
const timeoutMs = 60_000;

/** A machine, and the scale set that it belongs to; "" for one on its own. */
interface Machine {
  readonly vm: Json;
  readonly scaleSet: string;
}

interface KeptInterface {
  readonly nic: Json;
  readonly untilMs: number;
}

class AzureDiscovery {
  readonly #section: AzureSection;
  readonly #context: MechanismContext;
  readonly #api: ApiClient;
  readonly #token: AzureToken;
  readonly #kept = new Map<string, KeptInterface>();

  constructor(section: AzureSection, cloud: AzureCloud, context: MechanismContext) {
    this.#section = section;
    this.#context = context;
    this.#api = new ApiClient({ section, baseUrl: cloud.manager, timeoutMs }, context);
    const identity = {
      method: section.authentication_method as AzureMethod,
      tenantId: section.tenant_id,
      clientId: section.client_id,
      clientSecret: section.client_secret.reveal(),
    };
    this.#token = new AzureToken(identity, cloud, section, context);
  }

  close(): void {
    this.#api.close();
  }

  async targets(signal: AbortSignal): Promise<Labels[]> {
    const { subscription_id: subscription, resource_group: group } = this.#section;
    const inGroup = group === "" ? "" : `/resourceGroups/${encodeURIComponent(group)}`;
    const compute = `/subscriptions/${subscription}${inGroup}/providers/Microsoft.Compute`;
    const alone = await this.#list("virtual machines", `${compute}/virtualMachines`, signal);
    const machines: Machine[] = alone.map((vm) => ({ vm, scaleSet: "" }));
    const sets = await this.#list("virtual machine scale sets", `${compute}/virtualMachineScaleSets`, signal);
    for (const set of sets) {
      const path = `${set.at("id").text()}/virtualMachines`;
      const members = await this.#list("virtual machine scale set vms", path, signal);
      machines.push(...members.map((vm) => ({ vm, scaleSet: set.at("name").text() })));
    }
    const targets: Labels[] = [];
    for (const machine of machines) {
      const target = await this.#targetOf(machine, signal);
      if (target !== null) targets.push(target);
    }
    return targets;
  }

  async #list(what: string, first: string, signal: AbortSignal): Promise<Json[]> {
    const found: Json[] = [];
    try {
      let page = await this.#get(first, { "api-version": computeVersion }, signal);
      for (;;) {
        found.push(...page.at("value").items());
        const next = page.at("nextLink").text();
        if (next === "") return found;
        page = await this.#get(next, {}, signal);
      }
    } catch (cause) {
      throw new Error(`could not get ${what}: ${(cause as Error).message}`, { cause });
    }
  }

  async #get(path: string, query: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Json> {
    const headers = ["authorization", await this.#token.authorization(signal)];
    return this.#api.json({ path, query, headers, signal });
  }

  /** A network interface; null when there is none of that id any more. */
  async #interface(id: string, { vm, scaleSet }: Machine, signal: AbortSignal): Promise<Json | null> {
    const nowMs = this.#context.clock.nowMs();
    const known = this.#kept.get(id);
    if (known !== undefined && nowMs < known.untilMs) {
      this.#context.metrics.count?.("prometheus_sd_azure_cache_hit_total");
      return known.nic;
    }
    const version = scaleSet === "" ? networkVersion : scaleSetNetworkVersion;
    const name = id.slice(id.lastIndexOf("/") + 1);
    const path = scaleSet === "" ? id : `${vm.at("id").text()}/networkInterfaces/${name}`;
    const query = { "api-version": version, $expand: "IPConfigurations/PublicIPAddress" };
    try {
      const nic = await this.#get(path, query, signal);
      const [oldest] = this.#kept.keys();
      if (this.#kept.size >= maxKept && oldest !== undefined) this.#kept.delete(oldest);
      this.#kept.set(id, { nic, untilMs: nowMs + keptRefreshes * this.#section.refresh_interval });
      return nic;
    } catch (error) {
      if (!(error instanceof ApiStatusError) || error.status !== 404) throw error;
      this.#context.logger.warn("Network interface does not exist", { name: id });
      return null;
    }
  }

  async #targetOf(machine: Machine, signal: AbortSignal): Promise<Labels | null> {
    const interfaces = machine.vm.at("properties", "networkProfile", "networkInterfaces").items();
    for (const one of interfaces) {
      const nic = await this.#interface(one.at("id").text(), machine, signal);
      // A machine that is going, or is not allocated.
      if (nic === null) return null;
      if (!nic.at("properties").exists) continue;
      const primary = nic.at("properties", "primary");
      if (!primary.exists) return null;
      if (!primary.flag()) continue;
      const [configuration] = nic.at("properties", "ipConfigurations").items();
      if (configuration === undefined) continue;
      return machineTarget(machine, configuration.at("properties"), this.#section);
    }
    return null;
  }
}

function machineTarget({ vm, scaleSet }: Machine, addresses: Json, section: AzureSection): Labels {
  const at = (...names: string[]): string => vm.at(...names).text();
  const privateIp = addresses.at("privateIPAddress").text();
  if (privateIp === "")
    throw new Error(
      `unable to complete Azure service discovery: unable to find a private IP for VM ${at("name")}`,
    );
  const group = /\/resourceGroups\/([^/]+)/iu.exec(at("id"))?.[1];
  if (group === undefined) throw new Error(`invalid ID '${at("id")}'`);
  const tags = vm.at("tags").fields();
  return targetFrom(joinHostPort(privateIp, section.port), "__meta_azure_", {
    subscription_id: section.subscription_id,
    tenant_id: section.tenant_id,
    machine_id: at("id"),
    machine_name: at("name"),
    machine_computer_name: at("properties", "osProfile", "computerName"),
    machine_os_type: at("properties", "storageProfile", "osDisk", "osType"),
    machine_location: at("location"),
    machine_resource_group: group,
    machine_size: at("properties", "hardwareProfile", "vmSize"),
    machine_scale_set: scaleSet,
    machine_private_ip: privateIp,
    machine_public_ip: addresses.at("publicIPAddress", "properties", "ipAddress").text(),
    ...prefixed(
      "machine_tag_",
      tags.map(([name, value]) => [name, value.text()] as const),
    ),
  });
}
