/**
 * Facts about the mechanisms whose whole work is one or two questions to a JSON or XML API.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "@narthex/platform/virtual-clock";
import {
  firstTargets,
  refusal,
  shortNames,
  targetsOf,
  watching,
  withApi,
  words,
  type Replay,
} from "../test-world.ts";
import { digitaloceanKind, digitalocean } from "./digitalocean.ts";
import { eureka } from "./eureka.ts";
import { hetzner, hetznerKind } from "./hetzner.ts";
import { marathon } from "./marathon.ts";
import { puppetdb } from "./puppetdb.ts";
import { triton, tritonKind } from "./triton.ts";

test("eureka", async () => {
  const replay: Replay = ({ path }) =>
    path === "/eureka/apps"
      ? `<applications><application><name>APP</name><instance>
  <hostName>h</hostName><ipAddr>10.0.0.1</ipAddr><status>UP</status><instanceId>h:app:1</instanceId>
  <port enabled="true">8080</port><securePort enabled="false">443</securePort><countryId>1</countryId>
  <dataCenterInfo class="c"><name>MyOwn</name><metadata><zone>z</zone></metadata></dataCenterInfo>
  <metadata><management.port>8090</management.port></metadata><homePageUrl>http://h/?a=1&amp;b=2</homePageUrl>
  </instance><instance><hostName>bare</hostName></instance></application></applications>`
      : 404;
  await withApi(replay, async (url) => {
    const targets = await firstTargets(eureka, { server: `${url}/eureka` });
    assert.deepEqual(shortNames(targets[0], "__meta_eureka_"), {
      __address__: "h:8080",
      app_instance_country_id: "1",
      app_instance_datacenterinfo_metadata_zone: "z",
      app_instance_datacenterinfo_name: "MyOwn",
      app_instance_homepage_url: "http://h/?a=1&b=2",
      app_instance_hostname: "h",
      app_instance_id: "h:app:1",
      app_instance_ip_addr: "10.0.0.1",
      app_instance_metadata_management_port: "8090",
      app_instance_port: "8080",
      app_instance_port_enabled: "true",
      app_instance_secure_port: "443",
      app_instance_secure_port_enabled: "false",
      app_instance_status: "UP",
      app_name: "APP",
      instance: "h:app:1",
    });
    assert.equal(targets[1]?.["__address__"], "bare:80");
    await assert.rejects(
      firstTargets(eureka, { server: url }),
      /non 2xx status '404' response during eureka service discovery/u,
    );
  });
  await withApi(
    () => "<applications>",
    async (url) => assert.rejects(firstTargets(eureka, { server: url }), /XML syntax error: unexpected EOF/u),
  );
  assert.equal(refusal(eureka, "{}"), "eureka_sd: empty or null eureka server");
  assert.equal(refusal(eureka, "server: a/b"), "eureka_sd: invalid eureka server URL");
});

test("puppetdb", async () => {
  const resource = {
    certname: "c.example",
    resource: "r",
    type: "Package",
    title: "t",
    exported: false,
    file: "f",
    environment: "prod",
    tags: ["a", "b"],
    parameters: { port: 80, on: true, names: ["x", 1], deep: { "in-ner": "y" }, none: null, empty: [] },
  };
  const replay: Replay = ({ path, method, body }) => {
    assert.deepEqual([path, method, body], ["/pdb/query/v4", "POST", '{"query":"resources { }"}']);
    return [resource];
  };
  await withApi(replay, async (url) => {
    const section = { url: `${url}/`, query: "resources { }", include_parameters: true };
    const targets = await firstTargets(puppetdb, section);
    assert.deepEqual(shortNames(targets[0], "__meta_puppetdb_"), {
      __address__: "c.example:80",
      certname: "c.example",
      environment: "prod",
      exported: "false",
      file: "f",
      parameter_deep_in_ner: "y",
      parameter_names: "x,1",
      parameter_on: "true",
      parameter_port: "80",
      query: "resources { }",
      resource: "r",
      tags: ",a,b,",
      title: "t",
      type: "Package",
    });
  });
  assert.equal(refusal(puppetdb, "url: http://a"), "query missing");
});

test("hetzner cloud", async () => {
  const server = (id: number) => ({
    id,
    name: `s${id}`,
    status: "running",
    public_net: { ipv4: { ip: "1.2.3.4" }, ipv6: { ip: "2001:db8::/64" } },
    private_net: [{ network: 7, ip: "10.0.0.2" }],
    server_type: { name: "cpx11", cores: 2, cpu_type: "shared", memory: 2.0, disk: 40 },
    image: { name: "debian-12", description: "Debian 12", os_flavor: "debian", os_version: "12" },
    location: { name: "fsn1", network_zone: "eu-central" },
    labels: { "my-key": "v" },
  });
  const replay: Replay = ({ path, query }) => {
    const page = Number(query.get("page"));
    if (path === "/networks") return { networks: [{ id: 7, name: "my net" }] };
    if (path !== "/servers" || query.get("label_selector") !== "a=b") return 404;
    return { servers: [server(page)], meta: { pagination: { next_page: page < 2 ? page + 1 : null } } };
  };
  await withApi(replay, async (url) => {
    const section = { role: "hcloud", label_selector: "a=b", bearer_token: "t" };
    const targets = await firstTargets(hetznerKind(url, ""), section);
    assert.equal(targets.length, 2);
    assert.deepEqual(
      shortNames(targets[1], "__meta_hetzner_"),
      words(`
      __address__=1.2.3.4:80 hcloud_cpu_cores=2 hcloud_cpu_type=shared hcloud_datacenter_location=fsn1
      hcloud_datacenter_location_network_zone=eu-central hcloud_disk_size_gb=40
      hcloud_image_description=Debian%2012 hcloud_image_name=debian-12 hcloud_image_os_flavor=debian
      hcloud_image_os_version=12 hcloud_label_my_key=v hcloud_labelpresent_my_key=true
      hcloud_location=fsn1 hcloud_location_network_zone=eu-central hcloud_memory_size_gb=2
      hcloud_private_ipv4_my_net=10.0.0.2 hcloud_server_type=cpx11 public_ipv4=1.2.3.4
      public_ipv6_network=2001:db8::/64 role=hcloud server_id=2 server_name=s2 server_status=running`),
    );
  });
  assert.equal(refusal(hetzner, "{}"), "role missing (one of: robot, hcloud)");
  assert.equal(refusal(hetzner, "role: x"), 'unknown role "x"');
});

test("hetzner robot", async () => {
  const server = {
    server_ip: "1.2.3.4",
    server_number: 321,
    server_name: "n",
    dc: "NBG1-DC1",
    status: "ready",
    product: "DS 3000",
    cancelled: false,
    subnet: [
      { ip: "1.2.3.0", mask: "24" },
      { ip: "2a01::", mask: "64" },
    ],
  };
  const replay: Replay = ({ path }) => (path === "/server" ? [{ server }] : 404);
  await withApi(replay, async (url) => {
    const targets = await firstTargets(hetznerKind("", url), { role: "robot", port: 9 });
    assert.deepEqual(
      shortNames(targets[0], "__meta_hetzner_"),
      words(`
      __address__=1.2.3.4:9 datacenter=nbg1-dc1 public_ipv4=1.2.3.4 public_ipv6_network=2a01::/64
      robot_cancelled=false robot_datacenter=nbg1-dc1 robot_product=DS%203000 role=robot server_id=321
      server_name=n server_status=ready`),
    );
  });
});

test("digitalocean", async () => {
  const droplet = (id: number, networks: object) => ({
    id,
    name: "d",
    size_slug: "s",
    status: "active",
    vpc_uuid: "v",
    region: { slug: "fra1" },
    image: { slug: "debian", name: "Debian" },
    features: ["ipv6", "monitoring"],
    tags: [],
    networks,
  });
  const v4 = [
    { type: "private", ip_address: "10.0.0.1" },
    { type: "public", ip_address: "1.2.3.4" },
  ];
  const replay: Replay = ({ path, query, headers }) => {
    if (headers["authorization"] !== "Bearer t") return 401;
    if (path === "/v2/databases") {
      return {
        databases: [
          {
            id: "x",
            name: "db",
            engine: "pg",
            version: "16",
            num_nodes: 2,
            tags: ["a"],
            connection: { host: "pub" },
            private_connection: { host: "priv" },
          },
        ],
      };
    }
    const next = { pages: { next: "more" } };
    return query.get("page") === "1"
      ? { droplets: [droplet(1, { v4, v6: [{ type: "public", ip_address: "::1" }] })], links: next }
      : { droplets: [droplet(2, {}), droplet(3, { v4 })], links: {} };
  };
  await withApi(replay, async (url) => {
    const kind = digitaloceanKind(url);
    const targets = await firstTargets(kind, { bearer_token: "t" });
    assert.deepEqual(
      targets.map((target) => target["__meta_digitalocean_droplet_id"]),
      ["1", "3"],
    );
    assert.deepEqual(
      shortNames(targets[0], "__meta_digitalocean_"),
      words(`
      __address__=1.2.3.4:80 droplet_id=1 droplet_name=d features=,ipv6,monitoring, image=debian
      image_name=Debian private_ipv4=10.0.0.1 public_ipv4=1.2.3.4 public_ipv6=::1 region=fra1 size=s
      status=active vpc=v`),
    );
    const databases = await firstTargets(kind, { bearer_token: "t", role: "databases" });
    assert.deepEqual(
      shortNames(databases[0], "__meta_digitalocean_"),
      words(`
      __address__=priv:80 db_engine=pg db_host=pub db_id=x db_name=db db_num_nodes=2
      db_private_host=priv db_tag_a=true db_version=16`),
    );
    await assert.rejects(firstTargets(kind, { bearer_token: "old" }), /401 Unauthorized/u);
  });
  assert.equal(refusal(digitalocean, "role: x"), 'unknown DigitalOcean SD role "x"');
});

test("marathon", async () => {
  const apps = [
    {
      id: "/mapped",
      labels: { "a-b": "c" },
      container: {
        docker: { image: "img", portMappings: [{ hostPort: 0, labels: { m: "1" } }, { hostPort: 31000 }] },
      },
      tasks: [{ id: "t1", host: "h1", ports: [31005, 31006] }],
    },
    {
      id: "/net",
      networks: [{ mode: "container" }],
      container: { portMappings: [{ containerPort: 80 }] },
      tasks: [{ id: "t2", host: "h2", ipAddresses: [{ ipAddress: "10.0.0.2" }] }],
    },
    {
      id: "/defined",
      requirePorts: true,
      portDefinitions: [{ port: 99, labels: { d: "2" } }],
      tasks: [{ id: "t3", host: "h3", ports: [1] }],
    },
  ];
  let listed = apps;
  const replay: Replay = ({ path, query, headers }) => {
    if (headers["authorization"] !== "token=x") return 401;
    return path === "/v2/apps/" && query.get("embed") === "apps.tasks" ? { apps: listed } : 404;
  };
  await withApi(replay, async (url) => {
    const clock = new VirtualClock();
    const look = async ({ groups, until }: Parameters<Parameters<typeof watching>[2]>[0]) => {
      await until(() => groups.size === 3);
      const targets = targetsOf(groups).map((target) => shortNames(target, "__meta_marathon_"));
      assert.deepEqual(targets.slice(0, 2), [
        words(`
          __address__=h1:31005 app=/mapped app_label_a_b=c image=img port_index=0 port_mapping_label_m=1
          task=t1`),
        words(`
          __address__=h1:31000 app=/mapped app_label_a_b=c image=img port_index=1 task=t1`),
      ]);
      assert.deepEqual(
        targets.slice(2).map((target) => target["__address__"]),
        ["10.0.0.2:80", "h3:99"],
      );
      assert.equal(targets[3]?.["port_definition_label_d"], "2");
      listed = apps.slice(0, 1);
      await clock.advance(30_000);
      await until(() => groups.size === 1);
    };
    await watching(marathon, { servers: [url], auth_token: "x" }, look, { clock });
    await assert.rejects(
      firstTargets(marathon, { servers: [url] }),
      /non 2xx status '401' response during marathon service discovery/u,
    );
  });
  assert.equal(refusal(marathon, "{}"), "marathon_sd: must contain at least one Marathon server");
  assert.equal(
    refusal(marathon, "{servers: [a], auth_token: x, authorization: {credentials: y}}"),
    "marathon_sd: at most one of auth_token, auth_token_file & authorization must be configured",
  );
});

test("triton", async () => {
  const replay: Replay = ({ path, query }) => {
    if (path === "/v1/gz/discover") return { cns: [{ server_uuid: "s", server_hostname: "host" }] };
    assert.equal(query.get("groups"), "g,h");
    return {
      containers: [
        { vm_uuid: "u", vm_alias: "a", vm_brand: "lx", vm_image_uuid: "i", server_uuid: "s", groups: ["g"] },
      ],
    };
  };
  await withApi(replay, async (url) => {
    const port = Number(new URL(url).port);
    const section = { account: "acc", dns_suffix: "example", endpoint: "127.0.0.1", port };
    const kind = tritonKind("http");
    const targets = await firstTargets(kind, { ...section, groups: ["g", "h"] });
    assert.deepEqual(shortNames(targets[0], "__meta_triton_"), {
      __address__: `u.example:${port}`,
      groups: ",g,",
      machine_alias: "a",
      machine_brand: "lx",
      machine_id: "u",
      machine_image: "i",
      server_id: "s",
    });
    const nodes = await firstTargets(kind, { ...section, role: "cn" });
    assert.deepEqual(shortNames(nodes[0], "__meta_triton_"), {
      __address__: `s.example:${port}`,
      machine_alias: "host",
      machine_id: "s",
    });
  });
  assert.equal(refusal(triton, "{}"), "triton SD configuration requires an account");
  assert.equal(refusal(triton, "role: x"), "triton SD configuration requires role to be 'container' or 'cn'");
});
