import assert from "node:assert/strict";
import { test } from "node:test";
import { firstTargets, refusal, shortNames, watching, withApi, words, type Replay } from "../test-world.ts";
import { azure, azureKind } from "./azure.ts";

let base = "";
const prefix = "/subscriptions/sub/resourceGroups/rg/providers";
const vm = (id: string, nic: string) => ({
  id,
  name: "vm",
  location: "west",
  type: "t",
  tags: { "a-b": "c" },
  properties: {
    osProfile: { computerName: "cn" },
    storageProfile: { osDisk: { osType: "Linux" } },
    hardwareProfile: { vmSize: "B1" },
    networkProfile: { networkInterfaces: [{ id: nic }] },
  },
});
const nics = `${prefix}/Microsoft.Network/networkInterfaces`;
const set = `${prefix}/Microsoft.Compute/virtualMachineScaleSets/vmss`;
const replay: Replay = ({ path, query, headers, body }) => {
  if (path === "/tenant/oauth2/v2.0/token") {
    const form = new URLSearchParams(body);
    return form.get("client_secret") === "secret" || form.get("client_assertion") === "fed"
      ? { access_token: "tok", expires_in: 3600 }
      : 401;
  }
  if (path === "/metadata/identity/oauth2/token")
    return headers["metadata"] === "true" ? { access_token: "tok", expires_in: "3600" } : 400;
  if (headers["authorization"] !== "Bearer tok") return 401;
  if (path === "/subscriptions/sub/providers/Microsoft.Compute/virtualMachines") {
    return query.get("page") === "2"
      ? { value: [vm(`${prefix}/x/gone`, `${nics}/gone`)] }
      : {
          value: [vm(`${prefix}/Microsoft.Compute/virtualMachines/vm`, `${nics}/nic`)],
          nextLink: `${base}${path}?page=2`,
        };
  }
  if (path === "/subscriptions/sub/providers/Microsoft.Compute/virtualMachineScaleSets")
    return { value: [{ id: set, name: "vmss" }] };
  if (path === `${set}/virtualMachines`) return { value: [vm(`${set}/virtualMachines/0`, `${nics}/nic0`)] };
  const configurations = (ip: string, more: object = {}) => ({
    properties: { primary: true, ipConfigurations: [{ properties: { privateIPAddress: ip, ...more } }] },
  });
  if (path === `${nics}/nic`)
    return configurations("10.0.0.1", { publicIPAddress: { properties: { ipAddress: "1.2.3.4" } } });
  return path === `${set}/virtualMachines/0/networkInterfaces/nic0` ? configurations("10.0.0.2") : 404;
};

test("azure", async () => {
  await withApi(replay, async (url) => {
    base = url;
    const kind = azureKind(() => ({ authority: url, manager: url }));
    const section = {
      subscription_id: "sub",
      tenant_id: "tenant",
      client_id: "cid",
      client_secret: "secret",
    };
    const targets = await firstTargets(kind, section);
    const common = words(`
      machine_computer_name=cn machine_location=west machine_name=vm machine_os_type=Linux
      machine_resource_group=rg machine_size=B1 machine_tag_a_b=c subscription_id=sub tenant_id=tenant`);
    assert.deepEqual(
      targets.map((target) => shortNames(target, "__meta_azure_")),
      [
        {
          __address__: "10.0.0.1:80",
          ...common,
          machine_id: `${prefix}/Microsoft.Compute/virtualMachines/vm`,
          machine_private_ip: "10.0.0.1",
          machine_public_ip: "1.2.3.4",
        },
        {
          __address__: "10.0.0.2:80",
          ...common,
          machine_id: `${set}/virtualMachines/0`,
          machine_private_ip: "10.0.0.2",
          machine_scale_set: "vmss",
        },
      ],
    );
    const machine = { AZURE_POD_IDENTITY_AUTHORITY_HOST: url };
    const managed = { subscription_id: "sub", authentication_method: "ManagedIdentity" };
    assert.equal((await firstTargets(kind, managed, { environment: machine })).length, 2);
    await watching(kind, { ...section, client_secret: "wrong" }, async ({ errors, counted, until }) => {
      await until(() => errors.length > 0);
      assert.match(errors[0] ?? "", /could not get virtual machines: .*401/u);
      assert.equal(counted.get("prometheus_sd_azure_failures_total"), 1);
    });
  });
  assert.equal(refusal(azure, "{}"), "azure SD configuration requires a subscription_id");
  assert.equal(
    refusal(azure, "{subscription_id: a, authentication_method: x}"),
    'unknown authentication_type "x". Supported types are "OAuth", "ManagedIdentity", "SDK" or' +
      ' "WorkloadIdentity"',
  );
});
