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
  readonly code?: string;
  readonly address?: string;
  readonly port?: number;
  readonly hostname?: string;
}

/** Go's words for a fault of the system. */
export function networkText(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
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
    case "EPROTO":
      return /wrong version number/u.test(fault.message)
        ? "http: server gave HTTP response to HTTPS client"
        : fault.message;
    case "ERR_SSL_WRONG_VERSION_NUMBER":
    case "ERR_SSL_PACKET_LENGTH_TOO_LONG":
      return "http: server gave HTTP response to HTTPS client";
    default:
      return fault.message;
  }
}
