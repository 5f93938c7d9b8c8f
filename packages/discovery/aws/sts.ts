/**
 * The security token service: turns keys or a token of another issuer into temporary keys of a role.
 */

import { childOf, textAt, type XmlElement } from "../xml.ts";
import { callQueryApi, type AwsCaller } from "./aws-caller.ts";
import type { AwsKeys } from "@narthex/http/sigv4";

const version = "2011-06-15";

/** Temporary keys. */
interface RoleKeys extends AwsKeys {
  readonly untilMs: number;
}

/** Assumes a role with keys. */
export async function assumeRole(
  caller: AwsCaller,
  asked: {
    readonly keys: AwsKeys;
    readonly roleArn: string;
    readonly externalId: string;
    readonly sessionName: string;
  },
): Promise<RoleKeys> {
  const answer = await callQueryApi(
    {
      Action: "AssumeRole",
      Version: version,
      RoleArn: asked.roleArn,
      RoleSessionName: asked.sessionName || String(caller.context.clock.nowMs() * 1_000_000),
      DurationSeconds: "900",
      ...(asked.externalId === "" ? {} : { ExternalId: asked.externalId }),
    },
    { service: "sts", endpoint: "", keys: asked.keys },
    caller,
  );
  return roleKeys(childOf(childOf(answer, "AssumeRoleResult"), "Credentials"));
}

/** Assumes a role with a token, as pods with an account of their own do. */
export async function assumeRoleWithWebIdentity(
  caller: AwsCaller,
  asked: { readonly token: string; readonly roleArn: string; readonly sessionName: string },
): Promise<RoleKeys> {
  const answer = await callQueryApi(
    {
      Action: "AssumeRoleWithWebIdentity",
      Version: version,
      RoleArn: asked.roleArn,
      RoleSessionName: asked.sessionName || String(caller.context.clock.nowMs() * 1_000_000),
      WebIdentityToken: asked.token,
    },
    { service: "sts", endpoint: "", keys: null },
    caller,
  );
  return roleKeys(childOf(childOf(answer, "AssumeRoleWithWebIdentityResult"), "Credentials"));
}

function roleKeys(credentials: XmlElement | undefined): RoleKeys {
  const text = (name: string): string => textAt(credentials, name) ?? "";
  const until = Date.parse(text("Expiration"));
  const keys = {
    accessKey: text("AccessKeyId"),
    secretKey: text("SecretAccessKey"),
    sessionToken: text("SessionToken"),
  };
  if (keys.accessKey === "") throw new Error("the token service gave no keys");
  return { ...keys, untilMs: Number.isNaN(until) ? Infinity : until };
}
