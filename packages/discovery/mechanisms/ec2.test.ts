import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { parseProfiles } from "../aws/profiles.ts";
import {
  firstTargets,
  refusal,
  shortNames,
  withApi,
  words,
  type Replay,
  type SeenRequest,
} from "../test-world.ts";
import { ec2 } from "./ec2.ts";
import { lightsail } from "./lightsail.ts";

const instance = (id: string, more = "") => `<item>
  <instanceId>${id}</instanceId><imageId>ami-1</imageId>
  <instanceState><code>16</code><name>running</name></instanceState>
  <instanceType>t3.micro</instanceType><placement><availabilityZone>eu-west-1a</availabilityZone></placement>
  <architecture>x86_64</architecture>${more}</item>`;
const page = (instances: string, token = "") => `<?xml version="1.0" encoding="UTF-8"?>
<DescribeInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><reservationSet><item>
<ownerId>123</ownerId><instancesSet>${instances}</instancesSet></item></reservationSet>
${token === "" ? "" : `<nextToken>${token}</nextToken>`}</DescribeInstancesResponse>`;
const zones = `<r><availabilityZoneInfo><item><zoneName>eu-west-1a</zoneName>
  <zoneId>euw1-az1</zoneId></item></availabilityZoneInfo></r>`;
const first = instance(
  "i-1",
  `<privateIpAddress>10.0.0.1</privateIpAddress><privateDnsName>p.internal</privateDnsName>
   <ipAddress>1.2.3.4</ipAddress><dnsName>public.example</dnsName>
   <vpcId>vpc-1</vpcId><subnetId>sub-1</subnetId>
   <instanceLifecycle>spot</instanceLifecycle><platform>windows</platform>
   <networkInterfaceSet><item><subnetId>sub-1</subnetId><attachment><deviceIndex>1</deviceIndex></attachment>
   <ipv6AddressesSet><item><ipv6Address>2001:db8::1</ipv6Address><isPrimaryIpv6>true</isPrimaryIpv6></item>
   <item><ipv6Address>2001:db8::2</ipv6Address><isPrimaryIpv6>false</isPrimaryIpv6></item>
   </ipv6AddressesSet></item>
   <item><subnetId>sub-2</subnetId></item></networkInterfaceSet>
   <tagSet><item><key>Name of</key><value>a &amp; b</value></item></tagSet>`,
);

const form = ({ body }: SeenRequest) => Object.fromEntries(new URLSearchParams(body));
const replay: Replay = (request) => {
  const { Action: action, NextToken: token } = form(request);
  if (action === "DescribeAvailabilityZones") return zones;
  if (action !== "DescribeInstances") return 404;
  return token === "more"
    ? page(instance("i-2", "<privateIpAddress>10.0.0.2</privateIpAddress>"))
    : page(first + instance("i-0"), "more");
};
const keys = { access_key: "AK", secret_key: "SK", region: "eu-west-1" };

test("instances of all pages are targets", async () => {
  await withApi(replay, async (url, seen) => {
    const filters = [{ name: "tag:a", values: ["x", "y"] }];
    const targets = await firstTargets(ec2, { ...keys, endpoint: url, port: 9100, filters });
    assert.equal(targets.length, 2);
    assert.deepEqual(
      shortNames(targets[0], "__meta_ec2_"),
      words(`
      __address__=10.0.0.1:9100 ami=ami-1 architecture=x86_64 availability_zone=eu-west-1a
      availability_zone_id=euw1-az1 default_ipv6_address=2001:db8::1 instance_id=i-1
      instance_lifecycle=spot instance_state=running instance_type=t3.micro
      ipv6_addresses=,2001:db8::1,2001:db8::2, owner_id=123 platform=windows
      primary_ipv6_addresses=,,2001:db8::1, primary_subnet_id=sub-1 private_dns_name=p.internal
      private_ip=10.0.0.1 public_dns_name=public.example public_ip=1.2.3.4 region=eu-west-1
      subnet_id=,sub-1,sub-2, tag_Name_of=a%20&%20b vpc_id=vpc-1`),
    );
    const asked = seen.find((request) => form(request)["Action"] === "DescribeInstances") as SeenRequest;
    assert.deepEqual(form(asked), {
      Action: "DescribeInstances",
      Version: "2016-11-15",
      "Filter.1.Name": "tag:a",
      "Filter.1.Value.1": "x",
      "Filter.1.Value.2": "y",
    });
    assert.match(
      asked.headers["authorization"] ?? "",
      /^AWS4-HMAC-SHA256 Credential=AK\/[0-9]{8}\/eu-west-1\/ec2\/aws4_request, SignedHeaders=content-type;/u,
    );
  });
});

const roleKeys = (
  action: string,
) => `<${action}Response><${action}Result><Credentials><AccessKeyId>TMP-${action}</AccessKeyId>
<SecretAccessKey>s</SecretAccessKey><SessionToken>tok</SessionToken>
<Expiration>2099-01-01T00:00:00Z</Expiration>
</Credentials></${action}Result></${action}Response>`;

/** Who signed the last request, with the keys found in a certain world. */
async function signer(
  section: object,
  environment: Record<string, string>,
  files: Record<string, string> = {},
): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "narthex-"));
  let signed = "";
  try {
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
    const answer: Replay = (request) => {
      const { Action: action = "" } = form(request);
      const { path, method } = request;
      if (action.startsWith("AssumeRole")) {
        if (action === "AssumeRole") signed += `${credential(request)}>`;
        return roleKeys(action);
      }
      if (path === "/latest/api/token" && method === "PUT") return "imds-token";
      if (path.startsWith("/latest/") || path.startsWith("/task")) {
        const given = request.headers["x-aws-ec2-metadata-token"] ?? request.headers["authorization"];
        if (given !== "imds-token" && given !== "task-token") return 401;
        if (path.endsWith("/region")) return "eu-central-1";
        if (path.endsWith("security-credentials/")) return "role-name";
        return {
          AccessKeyId: path.startsWith("/task") ? "TASK" : "INSTANCE",
          SecretAccessKey: "s",
          Token: "t",
        };
      }
      if (action === "DescribeInstances") {
        signed += `${credential(request)}@${regionOf(request)}`;
      }
      return replay(request);
    };
    await withApi(answer, async (url) => {
      const all = {
        AWS_ENDPOINT_URL: url,
        AWS_EC2_METADATA_SERVICE_ENDPOINT: url,
        AWS_CONFIG_FILE: join(folder, "config"),
        AWS_SHARED_CREDENTIALS_FILE: join(folder, "credentials"),
        ...Object.fromEntries(
          Object.entries(environment).map(([name, value]) => [
            name,
            value.replace("URL", url).replace("FOLDER", folder),
          ]),
        ),
      };
      await firstTargets(ec2, section, { environment: all });
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
  return signed.replace(/@.*@/u, "@");
}

const regionOf = (request: SeenRequest) =>
  /Credential=[^/]*\/[^/]*\/([^/]*)/u.exec(request.headers["authorization"] ?? "")?.[1] ?? "";
const credential = (request: SeenRequest) =>
  /Credential=([^/]*)/u.exec(request.headers["authorization"] ?? "")?.[1] ?? "";

test("keys are found where Amazon's tools look, in their order", async () => {
  const environment = { AWS_ACCESS_KEY_ID: "ENV", AWS_SECRET_ACCESS_KEY: "s", AWS_REGION: "us-east-1" };
  const found = async (
    section: object,
    more: Record<string, string>,
    files: Record<string, string>,
    want: string,
  ) =>
    assert.equal(
      (await signer(section, more, files))
        .split("@")
        .slice(0, 2)
        .join("@")
        .replace(/(@[a-z0-9-]*[0-9]).*/u, "$1"),
      want,
    );
  const files = {
    credentials: `[default]
aws_access_key_id = FILE
aws_secret_access_key = s
[other]
aws_access_key_id=OTHER
aws_secret_access_key=s
`,
    config: `[default]
region = eu-north-1 # comment
[profile chained]
role_arn = arn
source_profile = other
[profile cmd]
credential_process = printf '{"Version": 1, "AccessKeyId": "CMD", "SecretAccessKey": "s"}'
`,
    token: "web-token\n",
  };
  await found(keys, environment, files, "AK@eu-west-1");
  await found({ region: "r-1" }, environment, files, "ENV@r-1");
  await found({}, environment, files, "ENV@us-east-1");
  await found({}, {}, files, "FILE@eu-north-1");
  await found({ profile: "other" }, environment, files, "OTHER@us-east-1");
  await found({ profile: "chained" }, {}, files, "OTHER>TMP-AssumeRole@eu-north-1");
  await found({ profile: "cmd" }, {}, files, "CMD@eu-north-1");
  await found({ ...keys, role_arn: "arn", external_id: "x" }, {}, {}, "AK>TMP-AssumeRole@eu-west-1");
  const web = { AWS_WEB_IDENTITY_TOKEN_FILE: "FOLDER/token", AWS_ROLE_ARN: "arn" };
  await found({ region: "r-1" }, web, files, "TMP-AssumeRoleWithWebIdentity@r-1");
  const task = {
    AWS_CONTAINER_CREDENTIALS_FULL_URI: "URL/task",
    AWS_CONTAINER_AUTHORIZATION_TOKEN: "task-token",
  };
  await found({ region: "r-1" }, task, {}, "TASK@r-1");
  await found({}, {}, {}, "INSTANCE@eu-central-1");
});

test("refusals are told", async () => {
  const refuse: Replay = ({ response }) => {
    response
      .writeHead(403)
      .end(
        "<Response><Errors><Error><Code>AuthFailure</Code><Message>no</Message></Error></Errors></Response>",
      );
    return undefined;
  };
  await withApi(refuse, async (url) => {
    await assert.rejects(
      firstTargets(ec2, { ...keys, endpoint: url }),
      /^Error: could not describe instances: .*StatusCode: 403, api error AuthFailure: no$/u,
    );
  });
  assert.equal(refusal(ec2, "filters: [{name: a}]"), "EC2 SD configuration filter values cannot be empty");
});

test("profiles", () => {
  const profiles = parseProfiles("# c\n[default]\na = 1 ; c\n[profile x]\nB=2\n[ y ]\n");
  assert.deepEqual(
    [...profiles].map(([name, settings]) => [name, ...settings]),
    [["default", ["a", "1"]], ["x", ["b", "2"]], ["y"]],
  );
});

test("lightsail", async () => {
  const answer: Replay = ({ headers }) => {
    assert.equal(headers["x-amz-target"], "Lightsail_20161128.GetInstances");
    return {
      instances: [
        {
          name: "n",
          blueprintId: "b",
          bundleId: "u",
          supportCode: "c",
          state: { name: "running" },
          location: { availabilityZone: "z" },
          privateIpAddress: "10.0.0.1",
          publicIpAddress: "1.2.3.4",
          ipv6Addresses: ["::1"],
          tags: [{ key: "k", value: "v" }, { key: "only" }],
        },
        { name: "stopped" },
      ],
    };
  };
  await withApi(answer, async (url) => {
    const targets = await firstTargets(lightsail, { ...keys, endpoint: url });
    assert.deepEqual(
      targets.map((target) => shortNames(target, "__meta_lightsail_")),
      [
        words(`
          __address__=10.0.0.1:80 availability_zone=z blueprint_id=b bundle_id=u instance_name=n
          instance_state=running instance_support_code=c ipv6_addresses=,::1, private_ip=10.0.0.1
          public_ip=1.2.3.4 region=eu-west-1 tag_k=v`),
      ],
    );
  });
});
