/**
 * A way through a proxy to another server: CONNECT through an HTTP proxy, or SOCKS 5.
 *
 *   connection → TUNNEL → socket that speaks to the server
 *
 * Invariant: `done` is called once; after a failure the socket is destroyed.
 */

import { connect as connectPlain, isIP, type Socket } from "node:net";
import { connect as connectTls, type ConnectionOptions } from "node:tls";
import { basicAuthorization, type HeaderList } from "./credentials.ts";
import { hostOf, portOf } from "./url-check.ts";

/** What a tunnel is to be made of. */
export interface TunnelPlan {
  readonly proxy: URL;
  /** Headers for CONNECT. */
  readonly headers: HeaderList;
  readonly host: string;
  readonly port: number;
  /** For a proxy that is itself reached by TLS. */
  readonly tls: ConnectionOptions;
}

/** Takes the socket, or why there is none. */
export type TunnelDone = (error: Error | null, socket: Socket) => void;

const maxReplyBytes = 65_536;

/** User and password of a URL, null without any. */
export function userInfo(url: URL): { readonly user: string; readonly password: string } | null {
  if (url.username === "" && url.password === "") return null;
  return { user: decodeURIComponent(url.username), password: decodeURIComponent(url.password) };
}

/** Opens a tunnel. The socket it returns is the one to destroy when time is over. */
export function openTunnel(plan: TunnelPlan, done: TunnelDone): Socket {
  const { proxy, tls } = plan;
  const place = { host: hostOf(proxy), port: proxy.port === "" ? defaultPort(proxy) : portOf(proxy) };
  const socket =
    proxy.protocol === "https:"
      ? connectTls({ servername: isIP(place.host) === 0 ? place.host : "", ...tls, ...place })
      : connectPlain(place);
  const dialogue = proxy.protocol.startsWith("socks5") ? socksDialogue(plan) : connectDialogue(plan);
  let received: Buffer = Buffer.alloc(0);
  const finish = (error: Error | null): void => {
    socket.off("data", take).off("error", fail).off("close", close);
    if (error !== null) socket.destroy();
    done(error, socket);
  };
  const fail = (error: Error): void => finish(Object.assign(error, { viaProxy: true }));
  const close = (): void => finish(new Error("EOF"));
  const take = (bytes: Buffer): void => {
    received = Buffer.concat([received, bytes]);
    try {
      if (received.length > maxReplyBytes) throw new Error("the proxy's answer is too long");
      const rest = dialogue(received, socket);
      if (rest === null) return;
      received = rest;
      if (rest.length > 0) socket.unshift(rest);
      finish(null);
    } catch (error) {
      finish(error as Error);
    }
  };
  socket.setNoDelay(true).on("data", take).on("error", fail).on("close", close);
  dialogue(received, socket);
  return socket;
}

function defaultPort(proxy: URL): number {
  if (proxy.protocol === "https:") return 443;
  return proxy.protocol === "http:" ? 80 : 1080;
}

/** Answers what came so far; gives the bytes behind the dialogue when it is over, null before. */
type Dialogue = (received: Buffer, socket: Socket) => Buffer | null;

function connectDialogue({ proxy, headers, host, port }: TunnelPlan): Dialogue {
  const place = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  const known = userInfo(proxy);
  const all = [...headers];
  if (known !== null) all.push("proxy-authorization", basicAuthorization(known.user, known.password));
  let head = `CONNECT ${place} HTTP/1.1\r\nhost: ${place}\r\n`;
  for (let i = 0; i + 1 < all.length; i += 2) head += `${all[i] ?? ""}: ${all[i + 1] ?? ""}\r\n`;
  let sent = false;
  return (received, socket) => {
    if (!sent) socket.write(`${head}\r\n`);
    sent = true;
    const end = received.indexOf("\r\n\r\n");
    if (end < 0) return null;
    const line = received.toString("latin1", 0, received.indexOf("\r\n"));
    const status = /^HTTP\/1\.[01] ([0-9]{3}) ?(.*)$/u.exec(line);
    if (status === null) throw new Error(`malformed HTTP response "${line}"`);
    if (status[1] !== "200") throw new Error(status[2] || "unknown status code");
    return received.subarray(end + 4);
  };
}

/** RFC 1928 and 1929: methods, perhaps a password, then the request; names are resolved by the proxy. */
function socksDialogue({ proxy, host, port }: TunnelPlan): Dialogue {
  const known = userInfo(proxy);
  let step: "greet" | "method" | "password" | "reply" = "greet";
  const request = (socket: Socket): void => {
    socket.write(
      Buffer.concat([Buffer.from([5, 1, 0]), socksAddress(host), Buffer.from([port >> 8, port & 255])]),
    );
    step = "reply";
  };
  let at = 0;
  return (received, socket) => {
    if (step === "greet") {
      socket.write(Buffer.from(known === null ? [5, 1, 0] : [5, 2, 0, 2]));
      step = "method";
    } else if (step === "method" && received.length >= 2) {
      at = 2;
      if (received[1] === 2 && known !== null) {
        const [user, password] = [Buffer.from(known.user), Buffer.from(known.password)];
        socket.write(
          Buffer.concat([Buffer.from([1, user.length]), user, Buffer.from([password.length]), password]),
        );
        step = "password";
      } else if (received[1] === 0) request(socket);
      else throw new Error("no acceptable authentication methods");
    } else if (step === "password" && received.length >= 4) {
      if (received[3] !== 0) throw new Error("username/password authentication failed");
      at = 4;
      request(socket);
    } else if (step === "reply") return socksReply(received.subarray(at));
    return null;
  };
}

function socksAddress(host: string): Buffer {
  if (isIP(host) === 4) return Buffer.from([1, ...host.split(".").map(Number)]);
  const name = Buffer.from(host);
  return Buffer.concat([Buffer.from([3, name.length]), name]);
}

const socksFaults = [
  "",
  "general SOCKS server failure",
  "connection not allowed by ruleset",
  "network unreachable",
  "host unreachable",
  "connection refused",
  "TTL expired",
  "command not supported",
  "address type not supported",
];

function socksReply(reply: Buffer): Buffer | null {
  if (reply.length < 5) return null;
  const code = reply[1] ?? 1;
  if (code !== 0) throw new Error(`unknown error ${socksFaults[code] ?? `code: ${code}`}`);
  const addressBytes = reply[3] === 1 ? 4 : reply[3] === 4 ? 16 : 1 + (reply[4] ?? 0);
  const end = 4 + addressBytes + 2;
  return reply.length < end ? null : reply.subarray(end);
}
