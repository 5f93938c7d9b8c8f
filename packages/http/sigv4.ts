/**
 * Signs requests to Amazon's services, signature version 4: a chain of keyed hashes over a canonical form
 * of the request.
 *
 * 1. Canonical request: method, path, query (sorted), headers (lower case, sorted), names of those, body
 *   hash.
 * 2. Text to sign: algorithm, time, scope, hash of the canonical request.
 * 3. Key: the secret, hashed with date, region, service and a fixed word in turn.
 */

import { createHash, createHmac } from "node:crypto";

/** Who signs. */
export interface AwsKeys {
  readonly accessKey: string;
  readonly secretKey: string;
  /** Of temporary keys; "" for others. */
  readonly sessionToken: string;
}

/** What is signed. */
export interface SignableRequest {
  readonly method: string;
  readonly url: URL;
  /** name, value, …: these are signed besides `host`. */
  readonly headers: readonly string[];
  readonly body: string | Uint8Array;
  readonly region: string;
  readonly service: string;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
}

const algorithm = "AWS4-HMAC-SHA256";

/** The headers of the request with those that sign it: name, value, …. */
export function signedHeaders(request: SignableRequest, keys: AwsKeys): readonly string[] {
  const { url, nowMs, region, service, body } = request;
  const time = new Date(nowMs).toISOString().replace(/[-:]|\.[0-9]{3}/gu, "");
  const date = time.slice(0, 8);
  const bodyHash = sha256(body);
  const headers = [...request.headers, "x-amz-date", time];
  if (keys.sessionToken !== "") headers.push("x-amz-security-token", keys.sessionToken);
  if (service === "s3" || service === "aps") headers.push("x-amz-content-sha256", bodyHash);
  const canonical = canonicalHeaders(["host", url.host, ...headers]);
  const names = canonical.map(([name]) => name).join(";");
  const lines = canonical.map(([name, value]) => `${name}:${value}\n`).join("");
  const asked = [request.method, canonicalPath(url, service), canonicalQuery(url), lines, names, bodyHash];
  const scope = `${date}/${region}/${service}/aws4_request`;
  const toSign = [algorithm, time, scope, sha256(asked.join("\n"))].join("\n");
  let key: Uint8Array = hmac(`AWS4${keys.secretKey}`, date);
  for (const part of [region, service, "aws4_request"]) key = hmac(key, part);
  const signature = createHmac("sha256", key).update(toSign).digest("hex");
  const credential = `Credential=${keys.accessKey}/${scope}`;
  const authorization = `${algorithm} ${credential}, SignedHeaders=${names}, Signature=${signature}`;
  return [...headers, "authorization", authorization];
}

function sha256(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

function hmac(key: string | Uint8Array, text: string): Uint8Array {
  return createHmac("sha256", key).update(text).digest();
}

/** Names in lower case, ascending; values without needless white space, those of one name together. */
function canonicalHeaders(headers: readonly string[]): readonly (readonly [string, string])[] {
  const byName = new Map<string, string>();
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = (headers[i] as string).toLowerCase();
    const value = (headers[i + 1] as string).trim().replace(/ +/gu, " ");
    const known = byName.get(name);
    byName.set(name, known === undefined ? value : `${known},${value}`);
  }
  return [...byName].toSorted(([a], [b]) => (a < b ? -1 : 1));
}

function escaped(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/gu,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** The path, escaped once more for all services but S3. */
function canonicalPath(url: URL, service: string): string {
  if (service === "s3") return url.pathname;
  return url.pathname.split("/").map(escaped).join("/");
}

function canonicalQuery(url: URL): string {
  return [...url.searchParams]
    .map(([name, value]) => [escaped(name), escaped(value)] as const)
    .toSorted(([a, x], [b, y]) => (a === b ? (x < y ? -1 : 1) : a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join("&");
}
