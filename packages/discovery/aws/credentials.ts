/**
 * Keys for Amazon's services, found where Amazon's own tools look, in their order:
 *
 * 1. keys of the section, or its profile · 2. environment variables · 3. a web identity token (pods)
 * 4. the shared files' profile · 5. the container's agent · 6. the instance's metadata service
 *
 * With `role_arn`, what was found so far is used to assume that role.
 *
 * Invariant: keys are kept until five minutes before they run out, and asked for anew then.
 */

import { bodyText } from "@narthex/http/client";
import type { HttpClientSection } from "@narthex/http/client-config";
import { runCredentialCommand } from "@narthex/http/credential-command";
import type { AwsKeys } from "@narthex/http/sigv4";
import { ApiClient, ApiStatusError } from "../api-client.ts";
import { Json } from "../json.ts";
import type { MechanismContext } from "../mechanism.ts";
import { assumeRole, assumeRoleWithWebIdentity } from "./sts.ts";
import { metadataText } from "./instance-metadata.ts";
import { readProfile, type Profile } from "./profiles.ts";

/** Keys with the time at which they end. */
export interface ExpiringKeys extends AwsKeys {
  readonly untilMs: number;
}

/** The part of a section that says who asks. */
export interface AwsIdentity {
  readonly accessKey: string;
  readonly secretKey: string;
  readonly profile: string;
  readonly roleArn: string;
  readonly externalId: string;
}

const earlyMs = 300_000;

/** Finds keys and keeps them. */
export class AwsCredentials {
  readonly #identity: AwsIdentity;
  readonly #section: HttpClientSection;
  readonly #context: MechanismContext;
  #known: ExpiringKeys | null = null;

  constructor(identity: AwsIdentity, section: HttpClientSection, context: MechanismContext) {
    this.#identity = identity;
    this.#section = section;
    this.#context = context;
  }

  /** Keys that are good now. Rejects when none are found. */
  async keys(region: string, signal: AbortSignal): Promise<AwsKeys> {
    const nowMs = this.#context.clock.nowMs();
    if (this.#known !== null && nowMs < this.#known.untilMs - earlyMs) return this.#known;
    const finder = new KeyFinder(this.#section, this.#context, region, signal);
    let keys = await finder.find(this.#identity);
    const { roleArn, externalId } = this.#identity;
    if (roleArn !== "")
      keys = await assumeRole(finder.caller, { keys, roleArn, externalId, sessionName: "" });
    this.#known = keys;
    return keys;
  }

  /** Forgets the keys: the service refused them. */
  forget(): void {
    this.#known = null;
  }
}

function keysFrom(accessKey: string, secretKey: string, sessionToken = ""): ExpiringKeys {
  return { accessKey, secretKey, sessionToken, untilMs: Infinity };
}

/** Keys as agents and commands write them in JSON. */
export function keysFromJson(json: Json): ExpiringKeys {
  const until = Date.parse(json.at("Expiration").text());
  const token = json.at("Token").text() || json.at("SessionToken").text();
  const keys = keysFrom(json.at("AccessKeyId").text(), json.at("SecretAccessKey").text(), token);
  if (keys.accessKey === "" || keys.secretKey === "") throw new Error("the answer holds no keys");
  return { ...keys, untilMs: Number.isNaN(until) ? Infinity : until };
}

class KeyFinder {
  readonly caller;
  readonly #context: MechanismContext;
  readonly #environment: Readonly<Record<string, string | undefined>>;

  constructor(section: HttpClientSection, context: MechanismContext, region: string, signal: AbortSignal) {
    this.caller = { section, context, region, signal };
    this.#context = context;
    this.#environment = context.environment ?? process.env;
  }

  async find({ accessKey, secretKey, profile }: AwsIdentity): Promise<ExpiringKeys> {
    if (accessKey !== "" && secretKey !== "") return keysFrom(accessKey, secretKey);
    if (profile !== "") return this.#fromProfile(profile, new Set());
    const { AWS_ACCESS_KEY_ID: id = "", AWS_SECRET_ACCESS_KEY: secret = "" } = this.#environment;
    if (id !== "" && secret !== "") return keysFrom(id, secret, this.#environment["AWS_SESSION_TOKEN"] ?? "");
    const { AWS_WEB_IDENTITY_TOKEN_FILE: tokenFile = "", AWS_ROLE_ARN: roleArn = "" } = this.#environment;
    const sessionName = this.#environment["AWS_ROLE_SESSION_NAME"] ?? "";
    if (tokenFile !== "") return this.#fromWebIdentity(tokenFile, roleArn, sessionName);
    return this.#fromProfile(this.#environment["AWS_PROFILE"] || "default", new Set());
  }

  async #fromProfile(name: string, seen: Set<string>): Promise<ExpiringKeys> {
    const profile = readProfile(name, this.#context);
    if (profile.size === 0 && name !== "default")
      throw new Error(`failed to get shared config profile, ${name}`);
    if (seen.has(name)) throw new Error(`profile ${name} leads back to itself`);
    seen.add(name);
    const roleArn = profile.get("role_arn") ?? "";
    const sessionName = profile.get("role_session_name") ?? "";
    const tokenFile = profile.get("web_identity_token_file") ?? "";
    if (roleArn !== "" && tokenFile !== "") return this.#fromWebIdentity(tokenFile, roleArn, sessionName);
    if (roleArn === "") return this.#ofProfile(profile);
    const source = profile.get("source_profile");
    let keys: ExpiringKeys;
    if (source !== undefined && source !== name) keys = await this.#fromProfile(source, seen);
    else if (source === name) keys = await this.#ofProfile(profile);
    else keys = await this.#fromSource(profile.get("credential_source") ?? "");
    return assumeRole(this.caller, {
      keys,
      roleArn,
      externalId: profile.get("external_id") ?? "",
      sessionName,
    });
  }

  async #ofProfile(profile: Profile): Promise<ExpiringKeys> {
    const id = profile.get("aws_access_key_id") ?? "";
    const secret = profile.get("aws_secret_access_key") ?? "";
    if (id !== "" && secret !== "") return keysFrom(id, secret, profile.get("aws_session_token") ?? "");
    const line = profile.get("credential_process") ?? "";
    if (line !== "") {
      const command = { program: line, words: [], environment: {}, directory: "", inShell: true };
      return keysFromJson(Json.parse(await runCredentialCommand(command)));
    }
    if (this.#usesContainer()) return this.#fromContainer();
    return this.#fromInstance();
  }

  #fromSource(source: string): Promise<ExpiringKeys> {
    const { AWS_ACCESS_KEY_ID: id = "", AWS_SECRET_ACCESS_KEY: secret = "" } = this.#environment;
    switch (source) {
      case "Environment":
        return Promise.resolve(keysFrom(id, secret, this.#environment["AWS_SESSION_TOKEN"] ?? ""));
      case "Ec2InstanceMetadata":
        return this.#fromInstance();
      case "EcsContainer":
        return this.#fromContainer();
      default:
        throw new Error(`credential_source values must be EcsContainer, Ec2InstanceMetadata, or Environment`);
    }
  }

  #fromWebIdentity(tokenFile: string, roleArn: string, sessionName: string): Promise<ExpiringKeys> {
    if (roleArn === "") throw new Error("role ARN is not set");
    const token = new TextDecoder().decode(this.#context.disk.readFile(tokenFile)).trim();
    return assumeRoleWithWebIdentity(this.caller, { token, roleArn, sessionName });
  }

  #usesContainer(): boolean {
    const { AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: relative = "" } = this.#environment;
    return relative !== "" || (this.#environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] ?? "") !== "";
  }

  async #fromContainer(): Promise<ExpiringKeys> {
    const { AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: relative = "" } = this.#environment;
    const full = this.#environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] ?? "";
    const path = relative === "" ? full : `http://169.254.170.2${relative}`;
    const tokenFile = this.#environment["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] ?? "";
    const token =
      tokenFile === ""
        ? (this.#environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"] ?? "")
        : new TextDecoder().decode(this.#context.disk.readFile(tokenFile)).trim();
    const { section, signal } = this.caller;
    const api = new ApiClient({ section, baseUrl: path, timeoutMs: 10_000 }, this.#context);
    try {
      const answer = await api.call({ path, signal, headers: token === "" ? [] : ["authorization", token] });
      if (answer.status !== 200) throw new ApiStatusError("GET container credentials", answer);
      return keysFromJson(Json.parse(bodyText(answer)));
    } finally {
      api.close();
    }
  }

  async #fromInstance(): Promise<ExpiringKeys> {
    const path = "/latest/meta-data/iam/security-credentials/";
    try {
      const role = (await metadataText(path, this.caller)).trim().split("\n")[0] ?? "";
      return keysFromJson(Json.parse(await metadataText(path + role, this.caller)));
    } catch (cause) {
      throw new Error(`no EC2 IMDS role found, ${(cause as Error).message}`, { cause });
    }
  }
}
