import assert from "node:assert/strict";
import { test } from "node:test";
import { firstTargets, refusal, shortNames, withApi, words, type Replay } from "../test-world.ts";
import { openstack } from "./openstack.ts";

const network = {
  ports: [{ id: "port", device_id: "srv" }],
  floatingips: [{ port_id: "port", fixed_ip_address: "10.0.0.1", floating_ip_address: "1.2.3.4" }],
};

let base = "";
let login: unknown = null;
const replay: Replay = ({ path, query, headers, body, response }) => {
  if (path === "/v3/auth/tokens") {
    login = JSON.parse(body);
    response.writeHead(201, { "x-subject-token": "tok" });
    const at = (type: string, suffix = "") => ({
      type,
      endpoints: [{ interface: "public", region: "R", url: `${base}/${type}${suffix}` }],
    });
    const catalog = [at("compute", "/v2.1"), at("network"), at("load-balancer", "/v2.0")];
    response.end(JSON.stringify({ token: { catalog } }));
    return undefined;
  }
  if (headers["x-auth-token"] !== "tok") return 401;
  if (path === "/network/v2.0/ports") return { ports: network.ports };
  if (path === "/network/v2.0/floatingips")
    return { floatingips: [...network.floatingips, { port_id: "vip", floating_ip_address: "1.2.3.9" }] };
  if (path === "/compute/v2.1/os-hypervisors/detail") {
    return {
      hypervisors: [
        {
          id: 1,
          host_ip: "10.9.0.1",
          hypervisor_hostname: "hv",
          status: "enabled",
          state: "up",
          hypervisor_type: "QEMU",
        },
      ],
    };
  }
  if (path === "/compute/v2.1/servers/detail" && query.get("all_tenants") === "true") {
    const server = (id: string) => ({
      id,
      name: "n",
      status: "ACTIVE",
      tenant_id: "t",
      user_id: "u",
      flavor: { id: "f" },
      image: id === "srv" ? { id: "img" } : "",
      metadata: { "a-b": "c" },
      addresses: { pool: [{ addr: "10.0.0.1" }, { addr: "1.2.3.4" }] },
    });
    return query.has("marker")
      ? { servers: [server("two")] }
      : {
          servers: [server("srv")],
          servers_links: [{ rel: "next", href: `${base}${path}?all_tenants=true&marker=x` }],
        };
  }
  if (path === "/load-balancer/v2.0/lbaas/loadbalancers") {
    return {
      loadbalancers: [
        {
          id: "lb",
          name: "n",
          vip_address: "10.0.0.5",
          vip_port_id: "vip",
          tags: ["a", "b"],
          provider: "amphora",
          project_id: "p",
        },
        { id: "no" },
      ],
    };
  }
  return path === "/load-balancer/v2.0/lbaas/listeners"
    ? { listeners: [{ protocol: "PROMETHEUS", protocol_port: 8088, loadbalancers: [{ id: "lb" }] }] }
    : 404;
};

test("openstack", async () => {
  await withApi(replay, async (url) => {
    base = url;
    const section = {
      identity_endpoint: `${url}/v3`,
      username: "me",
      password: "pw",
      domain_name: "D",
      project_name: "P",
      region: "R",
    };
    const found = async (role: string, more: object = {}, environment: Record<string, string> = {}) =>
      (await firstTargets(openstack, { ...section, role, ...more }, { environment })).map((target) =>
        shortNames(target, "__meta_openstack_"),
      );
    assert.deepEqual(await found("hypervisor"), [
      words(`
        __address__=10.9.0.1:80 hypervisor_host_ip=10.9.0.1 hypervisor_hostname=hv hypervisor_id=1
        hypervisor_state=up hypervisor_status=enabled hypervisor_type=QEMU`),
    ]);
    const domain = { name: "D" };
    assert.deepEqual(login, {
      auth: {
        identity: { methods: ["password"], password: { user: { name: "me", domain, password: "pw" } } },
        scope: { project: { name: "P", domain } },
      },
    });
    const instances = await found("instance", { all_tenants: true });
    const common = words(`
      address_pool=pool instance_flavor=f instance_name=n instance_status=ACTIVE private_ip=10.0.0.1
      project_id=t tag_a_b=c user_id=u`);
    assert.deepEqual(instances, [
      {
        __address__: "10.0.0.1:80",
        ...common,
        instance_id: "srv",
        instance_image: "img",
        public_ip: "1.2.3.4",
      },
      { __address__: "10.0.0.1:80", ...common, instance_id: "two" },
    ]);
    assert.deepEqual(await found("loadbalancer"), [
      words(`
        __address__=10.0.0.5:8088 loadbalancer_floating_ip=1.2.3.9 loadbalancer_id=lb
        loadbalancer_name=n loadbalancer_provider=amphora loadbalancer_tags=a,b
        loadbalancer_vip=10.0.0.5 project_id=p`),
    ]);
    const environment = {
      OS_AUTH_URL: url,
      OS_APPLICATION_CREDENTIAL_ID: "ac",
      OS_APPLICATION_CREDENTIAL_SECRET: "s",
    };
    await found("hypervisor", { identity_endpoint: "" }, environment);
    assert.deepEqual(login, {
      auth: {
        identity: { methods: ["application_credential"], application_credential: { id: "ac", secret: "s" } },
      },
    });
    await assert.rejects(
      found("hypervisor", { region: "other" }),
      /could not create OpenStack compute session/u,
    );
  });
  assert.equal(refusal(openstack, "role: instance"), "openstack SD configuration requires a region");
  assert.equal(
    refusal(openstack, "availability: x"),
    "unknown availability x, must be one of admin, internal or public",
  );
});
