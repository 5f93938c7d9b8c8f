/**
 * Calls Amazon's services: where they are, requests signed, refusals by their codes.
 */

import { bodyText, type HttpAnswer } from "@narthex/http/client";
import type { HttpClientSection } from "@narthex/http/client-config";
import { signedHeaders, type AwsKeys } from "@narthex/http/sigv4";
import { ApiClient } from "../api-client.ts";
import type { MechanismContext } from "../mechanism.ts";
import { parseXml, type XmlElement } from "../xml.ts";

/** Who calls, and in which region. */
export interface AwsCaller {
  readonly section: HttpClientSection;
  readonly context: MechanismContext;
  readonly region: string;
  readonly signal: AbortSignal;
}

/** A refusal by a service. */
export class AwsError extends Error {
  override readonly name = "AwsError";
  /** `AuthFailure`, `UnauthorizedOperation`, …; "" when the answer names none. */
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(`https response error StatusCode: ${status}, api error ${code || "UnknownError"}: ${message}`);
    this.code = code;
  }
}

/** One call. */
export interface AwsCall {
  readonly service: string;
  /** In place of the service's usual address; "" for that. */
  readonly endpoint: string;
  readonly headers: readonly string[];
  readonly body: string;
  /** Null for a call that shows who asks by other means. */
  readonly keys: AwsKeys | null;
}

const timeoutMs = 60_000;

/** Where a service is, unless the environment says otherwise. */
export function endpointOf(service: string, { region, context }: AwsCaller): string {
  const { environment = process.env } = context;
  const own =
    environment[`AWS_ENDPOINT_URL_${service.toUpperCase()}`] || environment["AWS_ENDPOINT_URL"] || "";
  if (own !== "") return own;
  const domain = region.startsWith("cn-") ? "amazonaws.com.cn" : "amazonaws.com";
  return `https://${service}.${region}.${domain}/`;
}

/** POSTs and gives the text of the answer. Rejects with `AwsError` when the service refuses. */
export async function callAws(call: AwsCall, caller: AwsCaller): Promise<string> {
  const { context, section, signal, region } = caller;
  const address = call.endpoint === "" ? endpointOf(call.service, caller) : call.endpoint;
  const url = new URL(/^https?:\/\//u.test(address) ? address : `https://${address}`);
  const { service, body, keys } = call;
  const toSign = {
    method: "POST",
    url,
    headers: call.headers,
    body,
    region,
    service,
    nowMs: context.clock.nowMs(),
  };
  const headers = keys === null ? call.headers : signedHeaders(toSign, keys);
  const api = new ApiClient({ section, baseUrl: url.href, timeoutMs }, context);
  try {
    const answer = await api.call({ path: url.href, method: "POST", headers, body, signal });
    if (answer.status !== 200) throw refusal(answer);
    return bodyText(answer);
  } finally {
    api.close();
  }
}

/** Calls an API of forms and XML: EC2 and STS. */
export async function callQueryApi(
  parameters: Readonly<Record<string, string>>,
  call: Omit<AwsCall, "headers" | "body">,
  caller: AwsCaller,
): Promise<XmlElement> {
  const body = new URLSearchParams(parameters).toString();
  const headers = ["content-type", "application/x-www-form-urlencoded; charset=utf-8"];
  return parseXml(await callAws({ ...call, headers, body }, caller));
}

function refusal(answer: HttpAnswer): AwsError {
  const body = bodyText(answer);
  const xml = (name: string): string => new RegExp(`<${name}>([^<]*)</${name}>`, "u").exec(body)?.[1] ?? "";
  const json = (name: string): string =>
    new RegExp(`"${name}"\\s*:\\s*"([^"]*)"`, "iu").exec(body)?.[1] ?? "";
  const code = xml("Code") || json("__type").replace(/^.*#/u, "");
  return new AwsError(answer.status, code, xml("Message") || json("message") || answer.statusText);
}
