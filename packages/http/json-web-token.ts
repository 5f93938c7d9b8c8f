/**
 * Signed JSON web tokens (RFC 7515, 7519) with RSA keys: how a client shows who it is to a token server.
 */

import { createPrivateKey, sign } from "node:crypto";

/** Signature algorithms, with the digest that each takes. */
const digests = { RS256: "sha256", RS384: "sha384", RS512: "sha512" } as const;

/** The name of a signature algorithm. */
export type SignatureAlgorithm = keyof typeof digests;

/** What a token is made of. */
export interface TokenParts {
  /** Fields of the header beside `alg` and `typ`. */
  readonly header?: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
  /** An RSA key in PEM, PKCS 1 or 8. */
  readonly privateKey: string;
  readonly algorithm: SignatureAlgorithm;
}

/** The signed token. Throws when the key is none. */
export function signToken({ header = {}, claims, privateKey, algorithm }: TokenParts): string {
  const key = readKey(privateKey);
  const head = encode({ alg: algorithm, ...header, typ: "JWT" });
  const signed = `${head}.${encode(claims)}`;
  return `${signed}.${sign(digests[algorithm], Buffer.from(signed), key).toString("base64url")}`;
}

function readKey(pem: string): ReturnType<typeof createPrivateKey> {
  if (!pem.includes("-----BEGIN")) {
    throw new Error("invalid key: Key must be a PEM encoded PKCS1 or PKCS8 key");
  }
  const key = createPrivateKey(pem);
  if (key.asymmetricKeyType !== "rsa") throw new Error("key is not a valid RSA private key");
  return key;
}

function encode(part: unknown): string {
  return Buffer.from(JSON.stringify(part)).toString("base64url");
}
