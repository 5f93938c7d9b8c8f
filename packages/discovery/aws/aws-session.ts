/**
 * What the mechanisms of Amazon share: the fields that say who asks where, and the region and keys of a
 * refresh.
 */

import { duration, int, secret, shown, text, withDefault } from "@narthex/config/decode";
import type { Section } from "@narthex/config/decode-section";
import { httpClientFields } from "@narthex/http/client-config";
import type { AwsKeys } from "@narthex/http/sigv4";
import type { MechanismContext } from "../mechanism.ts";
import { AwsError, type AwsCaller } from "./aws-caller.ts";
import { AwsCredentials } from "./credentials.ts";
import { metadataText } from "./instance-metadata.ts";
import { readProfile } from "./profiles.ts";

/** The fields that all sections have. */
export const awsFields = {
  endpoint: shown(text),
  region: shown(text),
  access_key: text,
  secret_key: secret,
  profile: text,
  role_arn: text,
  external_id: text,
  refresh_interval: withDefault(duration, 60_000),
  port: withDefault(int, 80),
  ...httpClientFields,
} as const;

/** The common part of a section. */
export type AwsSection = Section<typeof awsFields>;

/** Region and keys, found when first needed. */
export class AwsSession {
  readonly #section: AwsSection;
  readonly #context: MechanismContext;
  readonly #credentials: AwsCredentials;
  #region = "";

  constructor(section: AwsSection, context: MechanismContext) {
    this.#section = section;
    this.#context = context;
    const identity = {
      accessKey: section.access_key,
      secretKey: section.secret_key.reveal(),
      profile: section.profile,
      roleArn: section.role_arn,
      externalId: section.external_id,
    };
    this.#credentials = new AwsCredentials(identity, section, context);
  }

  /** Runs `ask` with region and keys; keys that are refused are found anew next time. */
  async run<T>(signal: AbortSignal, ask: (caller: AwsCaller, keys: AwsKeys) => Promise<T>): Promise<T> {
    const caller = {
      section: this.#section,
      context: this.#context,
      signal,
      region: await this.#findRegion(signal),
    };
    const keys = await this.#credentials.keys(caller.region, signal);
    try {
      return await ask(caller, keys);
    } catch (error) {
      const isRefused =
        error instanceof AwsError &&
        /^(?:AuthFailure|UnauthorizedOperation|ExpiredToken.*)$/u.test(error.code);
      if (isRefused) this.#credentials.forget();
      throw error;
    }
  }

  async #findRegion(signal: AbortSignal): Promise<string> {
    if (this.#region !== "") return this.#region;
    const { environment = process.env } = this.#context;
    const named =
      this.#section.region || environment["AWS_REGION"] || environment["AWS_DEFAULT_REGION"] || "";
    this.#region = named || this.#profileRegion() || (await this.#instanceRegion(signal));
    return this.#region;
  }

  #profileRegion(): string {
    const { environment = process.env } = this.#context;
    return readProfile(environment["AWS_PROFILE"] || "default", this.#context).get("region") ?? "";
  }

  async #instanceRegion(signal: AbortSignal): Promise<string> {
    const caller = { section: this.#section, context: this.#context, region: "", signal };
    try {
      return (await metadataText("/latest/meta-data/placement/region", caller)).trim();
    } catch (cause) {
      const why = `failed to get region from IMDS: ${(cause as Error).message}`;
      throw new Error(`could not determine AWS region: ${why}`, { cause });
    }
  }
}
