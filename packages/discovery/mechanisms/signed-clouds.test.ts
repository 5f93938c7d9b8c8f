/**
 * Facts about the mechanisms of clouds that want signatures, logins or catalogues.
 */

import assert from "node:assert/strict";
import { createHash, generateKeyPairSync } from "node:crypto";
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
import { readRpcAnswer, writeRpcCall } from "../xml-rpc.ts";
import { ionosKind } from "./ionos.ts";
import { kuma } from "./kuma.ts";
import { ovhcloud } from "./ovhcloud.ts";
import { scaleway } from "./scaleway.ts";
import { stackitKind } from "./stackit.ts";
import { uyuni } from "./uyuni.ts";

test("scaleway instances, with addresses of private networks", async () => {
  const server = (id: string, more: object) => ({
    id,
    name: id,
    hostname: "h",
    boot_type: "local",
    commercial_type: "DEV1",
    organization: "o",
    project: "p",
    state: "running",
    zone: "fr-par-1",
    tags: ["a"],
    image: { id: "i", name: "in", arch: "x86_64" },
    ...more,
  });
  const first = server("one", {
    public_ip: { address: "1.2.3.4", family: "inet" },
    ipv6: { address: "2001:db8::1" },
    private_ip: "10.0.0.1",
    public_ips: [
      { address: "1.2.3.4", family: "inet" },
      { address: "2001:db8::1", family: "inet6" },
    ],
    location: { cluster_id: "c", hypervisor_id: "y", node_id: "n" },
    security_group: { id: "s", name: "sn" },
  });
  const replay: Replay = ({ path, query, headers }) => {
    if (headers["x-auth-token"] !== "key") return 401;
    if (path === "/ipam/v1/regions/fr-par/ips") {
      assert.equal(query.get("resource_ids"), "nic");
      return { ips: [{ address: "172.16.0.2/22", is_ipv6: false, resource: { id: "nic" } }] };
    }
    assert.equal(query.get("tags"), "x,y");
    return { servers: [first, server("two", { private_nics: [{ id: "nic" }] }), server("none", {})] };
  };
  await withApi(replay, async (url) => {
    const section = {
      role: "instance",
      project_id: "p",
      access_key: "a",
      secret_key: "key",
      api_url: url,
      tags_filter: ["x", "y"],
    };
    const targets = await firstTargets(scaleway, section);
    assert.deepEqual(
      shortNames(targets[0], "__meta_scaleway_instance_"),
      words(`
      __address__=10.0.0.1:80 boot_type=local hostname=h id=one image_arch=x86_64 image_id=i
      image_name=in location_cluster_id=c location_hypervisor_id=y location_node_id=n name=one
      organization_id=o private_ipv4=10.0.0.1 project_id=p public_ipv4=1.2.3.4
      public_ipv4_addresses=,1.2.3.4, public_ipv6=2001:db8::1 public_ipv6_addresses=,2001:db8::1,
      region=fr-par security_group_id=s security_group_name=sn status=running tags=,a, type=DEV1
      zone=fr-par-1`),
    );
    assert.deepEqual(
      targets.map((target) => target["__address__"]),
      ["10.0.0.1:80", "172.16.0.2:80"],
    );
  });
  assert.equal(refusal(scaleway, "role: instance"), "project_id is mandatory");
});

test("scaleway baremetal", async () => {
  const replay: Replay = ({ path }) => {
    if (path.endsWith("/offers")) return { offers: [{ id: "o", name: "EM-A" }] };
    if (path.endsWith("/os")) return { os: [{ id: "d", name: "Debian", version: "12" }] };
    const ips = [
      { version: "IPv6", address: "::1" },
      { version: "IPv4", address: "1.2.3.4" },
    ];
    return {
      servers: [
        {
          id: "b",
          name: "n",
          zone: "fr-par-2",
          status: "ready",
          project_id: "p",
          offer_id: "o",
          install: { os_id: "d" },
          ips,
        },
      ],
    };
  };
  await withApi(replay, async (url) => {
    const section = {
      role: "baremetal",
      project_id: "p",
      access_key: "a",
      secret_key: "key",
      api_url: url,
      zone: "fr-par-2",
    };
    assert.deepEqual(
      shortNames((await firstTargets(scaleway, section))[0], "__meta_scaleway_baremetal_"),
      words(`
      __address__=1.2.3.4:80 id=b name=n os_name=Debian os_version=12 project_id=p public_ipv4=1.2.3.4
      public_ipv6=::1 status=ready type=EM-A zone=fr-par-2`),
    );
  });
});

let ovhBase = "";
const ovhReplay: Replay = ({ path, headers }) => {
  if (path === "/auth/time") return "1700000000";
  const time = headers["x-ovh-timestamp"] ?? "";
  assert.ok(Math.abs(Number(time) - 1_700_000_000) < 60);
  const signed = `as+ck+GET+${ovhBase}${path}++${time}`;
  assert.equal(headers["x-ovh-signature"], `$1$${createHash("sha1").update(signed).digest("hex")}`);
  if (path === "/vps") return ["v", "broken"];
  if (path === "/vps/v/ips") return ["1.2.3.4", "2001:db8::1", "10.0.0.0/24"];
  if (path === "/vps/v") {
    return {
      name: "v",
      displayName: "dn",
      zone: "z",
      cluster: "c",
      state: "running",
      netbootMode: "local",
      memoryLimit: 2048,
      offerType: "ssd",
      vcore: 1,
      model: {
        offer: "VPS",
        datacenter: ["a", "b"],
        vcore: 1,
        version: "2019v1",
        name: "m",
        disk: 40,
        memory: 2048,
        maximumAdditionnalIp: 16,
      },
    };
  }
  if (path === "/dedicated/server") return ["s"];
  if (path === "/dedicated/server/s/ips") return ["1.2.3.5/32"];
  return path === "/dedicated/server/s"
    ? {
        name: "s",
        state: "ok",
        os: "debian",
        serverId: 5,
        linkSpeed: 100,
        rack: "R",
        noIntervention: false,
        datacenter: "gra3",
        supportLevel: "pro",
        commercialRange: "adv",
        reverse: "r",
      }
    : 404;
};

test("ovhcloud", async () => {
  await withApi(ovhReplay, async (url) => {
    ovhBase = url;
    const section = { endpoint: url, application_key: "ak", application_secret: "as", consumer_key: "ck" };
    const vps = await firstTargets(ovhcloud, { ...section, service: "vps" });
    assert.equal(vps.length, 1);
    assert.deepEqual(
      shortNames(vps[0], "__meta_ovhcloud_vps_"),
      words(`
      __address__=1.2.3.4 cluster=c datacenter=[a%20b] disk=40 display_name=dn instance=v ipv4=1.2.3.4
      ipv6=2001:db8::1 maximum_additional_ip=16 memory=2048 memory_limit=2048 model_name=m model_vcore=1
      name=v netboot_mode=local offer=VPS offer_type=ssd state=running vcore=1 version=2019v1 zone=z`),
    );
    const servers = await firstTargets(ovhcloud, { ...section, service: "dedicated_server" });
    assert.deepEqual(
      shortNames(servers[0], "__meta_ovhcloud_dedicated_server_"),
      words(`
      __address__=1.2.3.5 commercial_range=adv datacenter=gra3 instance=s ipv4=1.2.3.5 link_speed=100
      name=s no_intervention=false os=debian rack=R reverse=r server_id=5 state=ok support_level=pro`),
    );
  });
  assert.equal(refusal(ovhcloud, "{}"), "application key can not be empty");
});

test("ionos", async () => {
  const replay: Replay = ({ path, query }) => {
    assert.equal(path + query.get("depth"), "/cloudapi/v6/datacenters/dc/servers3");
    const nic = (name: string | undefined, ...ips: string[]) => ({
      properties: { ...(name === undefined ? {} : { name }), ips },
    });
    return {
      id: "dc/servers",
      items: [
        {
          id: "s",
          metadata: { state: "AVAILABLE" },
          properties: {
            name: "n",
            availabilityZone: "ZONE_1",
            cpuFamily: "XEON",
            vmState: "RUNNING",
            type: "ENTERPRISE",
            bootVolume: { id: "bv" },
          },
          entities: {
            nics: { items: [nic("a-b", "1.1.1.1"), nic(undefined, "2.2.2.2")] },
            volumes: { items: [{ properties: { image: "img" } }] },
          },
        },
        { id: "off" },
      ],
    };
  };
  await withApi(replay, async (url) => {
    const targets = await firstTargets(ionosKind(url), { datacenter_id: "dc" });
    assert.deepEqual(
      targets.map((target) => shortNames(target, "__meta_ionos_server_")),
      [
        words(`
          __address__=2.2.2.2:80 availability_zone=ZONE_1 boot_image_id=img boot_volume_id=bv
          cpu_family=XEON id=s ip=,2.2.2.2,1.1.1.1, lifecycle=AVAILABLE name=n nic_ip_a_b=,1.1.1.1,
          nic_ip_unnamed=,2.2.2.2, servers_id=dc/servers state=RUNNING type=ENTERPRISE`),
      ],
    );
  });
});

test("kuma", async () => {
  const type = "type.googleapis.com/kuma.observability.v1.MonitoringAssignment";
  const asked: unknown[] = [];
  const replay: Replay = ({ path, query, body, response }) => {
    assert.equal(`${path}?${query.toString()}`, "/v3/discovery:monitoringassignments?fetch-timeout=2m");
    asked.push(JSON.parse(body));
    if (asked.length === 2) {
      response.writeHead(304).end();
      return undefined;
    }
    const targets = [
      { name: "dp", scheme: "http", address: "10.0.0.1:80", metrics_path: "/m", labels: { "a-b": "1" } },
    ];
    return {
      versionInfo: "v1",
      nonce: "n1",
      typeUrl: type,
      resources: [{ "@type": type, mesh: "default", service: "web", targets, labels: { team: "x" } }],
    };
  };
  await withApi(replay, async (url) => {
    const clock = new VirtualClock();
    const look = async ({ groups, counted, until }: Parameters<Parameters<typeof watching>[2]>[0]) => {
      await until(() => groups.size === 1);
      assert.deepEqual(
        shortNames(targetsOf(groups)[0], "__meta_kuma_"),
        words(`
        __address__=10.0.0.1:80 __metrics_path__=/m __scheme__=http dataplane=dp instance=dp label_a_b=1
        label_team=x mesh=default service=web`),
      );
      while (!counted.has("prometheus_sd_kuma_fetch_skipped_updates_total")) await clock.advance(15_000);
      assert.deepEqual(asked.slice(0, 2), [
        { node: { id: "me" }, type_url: type },
        { version_info: "v1", node: { id: "me" }, type_url: type, response_nonce: "n1" },
      ]);
      assert.equal(groups.size, 1);
    };
    await watching(kuma, { server: url, client_id: "me" }, look, { clock });
  });
  assert.equal(refusal(kuma, "server: x"), "kuma SD server must not be empty and have a scheme: x");
});

test("uyuni", async () => {
  const answer = (value: string) =>
    `<methodResponse><params><param><value>${value}</value></param></params></methodResponse>`;
  const struct = (fields: Record<string, string>) =>
    `<value><struct>${Object.entries(fields)
      .map(([name, value]) => `<member><name>${name}</name><value>${value}</value></member>`)
      .join("")}</struct></value>`;
  const array = (...values: string[]) => `<array><data>${values.join("")}</data></array>`;
  const replay: Replay = ({ path, body }) => {
    assert.equal(path, "/rpc/api");
    if (body.includes("auth.login")) {
      return body.includes("<string>u</string>") && body.includes("<int>600</int>")
        ? answer("<string>tok</string>")
        : 500;
    }
    assert.match(body, /<string>tok<\/string>/u);
    if (body.includes("listSystemGroups")) {
      return answer(
        array(
          struct({
            id: "<int>7</int>",
            system_groups: array(
              struct({ id: "<int>1</int>", name: "g1" }),
              struct({ id: "<int>2</int>", name: "g2" }),
            ),
          }),
        ),
      );
    }
    assert.match(body, /<int>7<\/int>/u);
    if (body.includes("getNetwork"))
      return answer(array(struct({ system_id: "<i4>7</i4>", hostname: "h", primary_fqdn: "h.example" })));
    return answer(
      array(
        struct(
          words(`
          system_id=<int>7</int> endpoint_name=node port=<int>9100</int> path=/m module=mod
          exporter_name=node_exporter tls_enabled=<boolean>1</boolean>`),
        ),
      ),
    );
  };
  await withApi(replay, async (url) => {
    const targets = await firstTargets(uyuni, { server: url, username: "u", password: "p" });
    assert.deepEqual(
      shortNames(targets[0], "__meta_uyuni_"),
      words(`
      __address__=h:9100 endpoint_name=node exporter=node_exporter groups=g1,g2 metrics_path=/m
      minion_hostname=h primary_fqdn=h.example proxy_module=mod scheme=https system_id=7`),
    );
  });
  const fault = `<methodResponse><fault><value><struct>
<member><name>faultCode</name><value><int>4</int></value></member>
<member><name>faultString</name><value>no</value></member></struct></value></fault></methodResponse>`;
  assert.throws(() => readRpcAnswer(fault), /error: "no" code: 4/u);
  assert.match(
    writeRpcCall("m", ["<", [1]]),
    /<string>&#60;<\/string>.*<array><data><value><int>1<\/int><\/value><\/data><\/array>/u,
  );
  assert.equal(refusal(uyuni, "server: a"), "Uyuni SD configuration requires a username");
});

test("stackit", async () => {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const replay: Replay = ({ path, query, headers, body }) => {
    if (path === "/token") {
      const [head = ""] = (new URLSearchParams(body).get("assertion") ?? "").split(".");
      assert.deepEqual(JSON.parse(Buffer.from(head, "base64url").toString()), {
        alg: "RS512",
        kid: "k",
        typ: "JWT",
      });
      return { access_token: "signed", expires_in: 3600 };
    }
    if (path !== "/v1/projects/p/servers" || query.get("details") !== "true") return 404;
    if (headers["authorization"] !== "Bearer signed" && headers["authorization"] !== "Bearer own") return 401;
    const nics = [
      { networkName: "my net", ipv4: "10.0.0.1", publicIp: "1.2.3.4" },
      { networkName: "b", ipv4: "10.0.0.2" },
    ];
    return {
      items: [
        {
          id: "i",
          name: "n",
          availabilityZone: "z",
          status: "ACTIVE",
          powerStatus: "RUNNING",
          machineType: "t",
          nics,
          labels: { "a-b": "c", n: 1 },
        },
        { id: "none" },
      ],
    };
  };
  await withApi(replay, async (url) => {
    const key = {
      credentials: {
        kid: "k",
        iss: "i",
        sub: "s",
        aud: "a",
        privateKey: privateKey.export({ type: "pkcs8", format: "pem" }),
      },
    };
    const kind = stackitKind(`${url}/token`);
    const targets = await firstTargets(kind, {
      endpoint: url,
      project: "p",
      service_account_key: JSON.stringify(key),
    });
    assert.deepEqual(
      targets.map((target) => shortNames(target, "__meta_stackit_")),
      [
        words(`
          __address__=1.2.3.4:80 availability_zone=z id=i label_a_b=c labelpresent_a_b=true name=n
          power_status=RUNNING private_ipv4_b=10.0.0.2 private_ipv4_my_net=10.0.0.1 project=p
          public_ipv4=1.2.3.4 status=ACTIVE type=t`),
      ],
    );
    assert.equal((await firstTargets(kind, { endpoint: url, project: "p", bearer_token: "own" })).length, 1);
    await assert.rejects(
      firstTargets(kind, { endpoint: url, project: "p" }),
      /unexpected status code 401: refused/u,
    );
  });
});
