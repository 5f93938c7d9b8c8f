/**
 * Facts about the mechanisms of clouds that need a token first, or that spare themselves questions.
 */

import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { VirtualClock } from "@narthex/platform/virtual-clock";
import { firstTargets, refusal, shortNames, watching, withApi, words, type Replay } from "../test-world.ts";
import { gce, gceKind } from "./gce.ts";
import { linodeKind } from "./linode.ts";
import { vultrKind } from "./vultr.ts";

const gceInstance = (id: string) => ({
  id,
  name: "n",
  zone: "z",
  status: "RUNNING",
  machineType: "m",
  networkInterfaces: [
    {
      name: "nic0",
      network: "net",
      subnetwork: "sub",
      networkIP: "10.0.0.1",
      accessConfigs: [{ type: "ONE_TO_ONE_NAT", natIP: "1.2.3.4" }],
    },
  ],
  tags: { items: ["a", "b"] },
  metadata: { items: [{ key: "k-1", value: "v" }, { key: "none" }] },
  labels: { l: "m" },
});
const gceReplay: Replay = ({ path, query, headers, body }) => {
  if (path.startsWith("/computeMetadata/")) {
    return headers["metadata-flavor"] === "Google" ? { access_token: "machine", expires_in: 3600 } : 403;
  }
  if (path === "/subject") return { t: "theirs" };
  if (path === "/sts") {
    const form = new URLSearchParams(body);
    return { access_token: `exchanged ${form.get("subject_token")}`, expires_in: 3600 };
  }
  if (path === "/speak") return { accessToken: "spoken", expireTime: "2099-01-01T00:00:00Z" };
  if (path === "/token") {
    const form = new URLSearchParams(body);
    return {
      access_token: form.get("refresh_token") ?? (form.get("assertion") === null ? "" : "signed"),
      expires_in: 3600,
    };
  }
  if (path !== "/compute/v1/projects/p/zones/z/instances" || query.get("filter") !== "f") return 404;
  const token = headers["authorization"] ?? "";
  return query.has("pageToken")
    ? { items: [gceInstance(token)] }
    : { items: [gceInstance("1"), { id: "2" }], nextPageToken: "more" };
};

test("gce", async () => {
  const folder = mkdtempSync(join(tmpdir(), "narthex-"));
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  await withApi(gceReplay, async (url) => {
    const section = { project: "p", zone: "z", filter: "f" };
    const found = async (key: object | null) => {
      const file = join(folder, "key.json");
      const machine = { GCE_METADATA_HOST: url.replace("http://", ""), HOME: folder };
      if (key !== null) writeFileSync(file, JSON.stringify({ token_uri: `${url}/token`, ...key }));
      const environment = key === null ? machine : { ...machine, GOOGLE_APPLICATION_CREDENTIALS: file };
      return firstTargets(gceKind(url), section, { environment });
    };
    const targets = await found(null);
    assert.deepEqual(
      shortNames(targets[0], "__meta_gce_"),
      words(`
      __address__=10.0.0.1:80 instance_id=1 instance_name=n instance_status=RUNNING
      interface_ipv4_nic0=10.0.0.1 label_l=m machine_type=m metadata_k_1=v network=net
      private_ip=10.0.0.1 project=p public_ip=1.2.3.4 subnetwork=sub tags=,a,b, zone=z`),
    );
    const asked = async (key: object | null) => (await found(key))[1]?.["__meta_gce_instance_id"];
    assert.equal(await asked(null), "Bearer machine");
    const pem = privateKey.export({ type: "pkcs8", format: "pem" });
    assert.equal(
      await asked({ type: "service_account", client_email: "e", private_key: pem }),
      "Bearer signed",
    );
    assert.equal(await asked({ type: "authorized_user", refresh_token: "again" }), "Bearer again");
    const external = {
      type: "external_account",
      token_url: `${url}/sts`,
      audience: "aud",
      credential_source: { url: `${url}/subject`, format: { type: "json", subject_token_field_name: "t" } },
    };
    assert.equal(await asked(external), "Bearer exchanged theirs");
    const speaking = { ...external, service_account_impersonation_url: `${url}/speak` };
    assert.equal(await asked(speaking), "Bearer spoken");
    await assert.rejects(asked({ type: "x" }), /credentials of type "x" cannot be used/u);
  });
  rmSync(folder, { recursive: true });
  assert.equal(refusal(gce, "{}"), "GCE SD configuration requires a project");
});

let events: object[] = [];
let label = "one";
const linodeReplay: Replay = ({ path, headers }) => {
  if (path === "/v4/account/events") return { data: events, pages: 1 };
  assert.equal(headers["x-filter"], '{"region": "eu"}');
  if (path === "/v4/linode/instances") {
    return {
      pages: 1,
      data: [
        {
          id: 7,
          label,
          image: "i",
          ipv4: ["1.2.3.4", "192.168.0.1", "1.2.3.5"],
          ipv6: "2001:db8::1/128",
          region: "eu",
          type: "t",
          status: "running",
          group: "g",
          hypervisor: "kvm",
          tags: ["a"],
          backups: { enabled: true },
          specs: { disk: 1, memory: 2, vcpus: 3, transfer: 4, gpus: 0 },
        },
      ],
    };
  }
  if (path === "/v4/networking/ips") {
    const ip = (address: string, isPublic: boolean, rdns: string | null = null) => ({
      address,
      public: isPublic,
      rdns,
    });
    return {
      pages: 1,
      data: [
        ip("1.2.3.4", true, "r.example"),
        ip("192.168.0.1", false),
        ip("1.2.3.5", true),
        ip("2001:db8::1", true),
      ],
    };
  }
  return { pages: 1, data: [{ range: "2001:db8:1::", prefix: 64, route_target: "2001:db8::1" }] };
};

test("linode asks again only when something happened", async () => {
  await withApi(linodeReplay, async (url, seen) => {
    const clock = new VirtualClock();
    const look = async ({ groups, until }: Parameters<Parameters<typeof watching>[2]>[0]) => {
      await until(() => groups.size === 1);
      const shown = () => shortNames([...groups.values()][0]?.targets[0]?.toObject(), "__meta_linode_");
      assert.deepEqual(
        shown(),
        words(`
        __address__=1.2.3.4:80 backups=enabled extra_ips=,1.2.3.5, gpus=0 group=g hypervisor=kvm image=i
        instance_id=7 instance_label=one ipv6_ranges=,2001:db8:1::/64, private_ipv4=192.168.0.1
        public_ipv4=1.2.3.4 public_ipv4_rdns=r.example public_ipv6=2001:db8::1 region=eu
        specs_disk_bytes=1048576 specs_memory_bytes=2097152 specs_transfer_bytes=4194304 specs_vcpus=3
        status=running tags=,a, type=t`),
      );
      const lists = () => seen.filter(({ path }) => path === "/v4/linode/instances").length;
      const polls = () => seen.filter(({ path }) => path === "/v4/account/events").length;
      label = "two";
      await clock.advance(60_000);
      while (polls() < 1) await new Promise((resolve) => setImmediate(resolve));
      assert.equal(lists(), 1);
      events = [{}];
      while (lists() < 2) await clock.advance(60_000);
      await until(() => shown()["instance_label"] === "two");
    };
    await watching(linodeKind(url), { region: "eu" }, look, { clock });
  });
});

test("vultr", async () => {
  const instance = (id: string) => ({
    id,
    label: "l",
    os: "Debian",
    os_id: 1,
    region: "ams",
    plan: "p",
    vcpu_count: 2,
    ram: 1024,
    allowed_bandwidth: 5,
    disk: 6,
    main_ip: "1.2.3.4",
    v6_main_ip: "::1",
    internal_ip: "10.0.0.1",
    hostname: "h",
    server_status: "ok",
    features: ["ipv6"],
    tags: ["a", "b"],
  });
  const replay: Replay = ({ query }) =>
    query.get("cursor") === null
      ? { instances: [instance("a")], meta: { links: { next: "c" } } }
      : { instances: [instance("b")], meta: { links: { next: "" } } };
  await withApi(replay, async (url) => {
    const targets = await firstTargets(vultrKind(url), { bearer_token: "t" });
    assert.equal(targets.length, 2);
    assert.deepEqual(
      shortNames(targets[0], "__meta_vultr_instance_"),
      words(`
      __address__=1.2.3.4:80 allowed_bandwidth_gb=5 disk_gb=6 features=,ipv6, hostname=h id=a
      internal_ip=10.0.0.1 label=l main_ip=1.2.3.4 main_ipv6=::1 os=Debian os_id=1 plan=p ram_mb=1024
      region=ams server_status=ok tags=,a,b, vcpu_count=2`),
    );
  });
});
