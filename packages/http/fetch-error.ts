/**
 * Why a request failed, in the words of Go's net/http: they are what `lastError` of a target shows.
 */

/** What went wrong, as far as callers decide by it. */
export type FetchFault = "network" | "timeout" | "canceled" | "body-limit" | "encoding" | "redirect";

/** A request that brought no answer. */
export class FetchError extends Error {
  override readonly name = "FetchError";
  readonly code: FetchFault;

  constructor(code: FetchFault, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

interface SystemFault extends Error {
  /** Set by a tunnel: the fault is between us and the proxy. */
  readonly viaProxy?: boolean;
  /** Of a certificate that is for another name. */
  readonly host?: string;
  readonly cert?: { readonly subjectaltname?: string };
  readonly code?: string;
  readonly address?: string;
  readonly port?: number;
  readonly hostname?: string;
}

/** Go's words for a fault of the system. */
export function networkText(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const text = plainText(cause);
  return (cause as SystemFault).viaProxy === true ? `proxyconnect tcp: ${text}` : text;
}

function plainText(cause: Error): string {
  const fault = (cause instanceof AggregateError ? (cause.errors[0] as Error) : cause) as SystemFault;
  const { address = "", port = 0, hostname = "" } = fault;
  const place = address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
  switch (fault.code) {
    case "ECONNREFUSED":
      return `dial tcp ${place}: connect: connection refused`;
    case "EHOSTUNREACH":
      return `dial tcp ${place}: connect: no route to host`;
    case "ENETUNREACH":
      return `dial tcp ${place}: connect: network is unreachable`;
    case "ENOENT":
      return `dial unix ${address}: connect: no such file or directory`;
    case "ENOTFOUND":
      return `dial tcp: lookup ${hostname}: no such host`;
    case "EAI_AGAIN":
      return `dial tcp: lookup ${hostname}: server misbehaving`;
    case "ETIMEDOUT":
      return "dial tcp: i/o timeout";
    case "ECONNRESET":
    case "EPIPE":
      return "read: connection reset by peer";
    case "UNABLE_TO_VERIFY_LEAF_SIGNATURE":
    case "SELF_SIGNED_CERT_IN_CHAIN":
    case "DEPTH_ZERO_SELF_SIGNED_CERT":
    case "UNABLE_TO_GET_ISSUER_CERT_LOCALLY":
      return "tls: failed to verify certificate: x509: certificate signed by unknown authority";
    case "CERT_HAS_EXPIRED":
      return "tls: failed to verify certificate: x509: certificate has expired or is not yet valid";
    case "ERR_TLS_CERT_ALTNAME_INVALID":
      return `tls: failed to verify certificate: x509: ${namesText(fault)}`;
    case "EPROTO":
      return /wrong version number/u.test(fault.message)
        ? "http: server gave HTTP response to HTTPS client"
        : fault.message;
    case "ERR_SSL_WRONG_VERSION_NUMBER":
    case "ERR_SSL_PACKET_LENGTH_TOO_LONG":
      return "http: server gave HTTP response to HTTPS client";
    default:
      return alertText(fault.code ?? "") ?? fault.message;
  }
}

/** What a server's TLS alert says, by the end of OpenSSL's name for it. */
const alerts: readonly (readonly [string, string])[] = [
  ["ALERT_CERTIFICATE_REQUIRED", "certificate required"],
  ["ALERT_BAD_CERTIFICATE", "bad certificate"],
  ["ALERT_UNKNOWN_CA", "unknown certificate authority"],
  ["ALERT_CERTIFICATE_EXPIRED", "expired certificate"],
  ["ALERT_CERTIFICATE_UNKNOWN", "unknown certificate"],
  ["ALERT_HANDSHAKE_FAILURE", "handshake failure"],
  ["ALERT_PROTOCOL_VERSION", "protocol version not supported"],
  ["ALERT_UNRECOGNIZED_NAME", "unrecognized name"],
  ["ALERT_NO_APPLICATION_PROTOCOL", "no application protocol"],
  ["ALERT_ACCESS_DENIED", "access denied"],
  ["ALERT_INTERNAL_ERROR", "internal error"],
];

function alertText(code: string): string | undefined {
  const known = alerts.find(([name]) => code.endsWith(name));
  return known === undefined ? undefined : `remote error: tls: ${known[1]}`;
}

function namesText({ host = "", cert }: SystemFault): string {
  const names = (cert?.subjectaltname ?? "").split(", ");
  const of = (kind: string): string[] =>
    names.filter((name) => name.startsWith(kind)).map((name) => name.slice(kind.length));
  if (!/^[0-9.]+$|:/u.test(host)) return `certificate is valid for ${of("DNS:").join(", ")}, not ${host}`;
  const addresses = of("IP Address:");
  return addresses.length === 0
    ? `cannot validate certificate for ${host} because it doesn't contain any IP SANs`
    : `certificate is valid for ${addresses.join(", ")}, not ${host}`;
}
