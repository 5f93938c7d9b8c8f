/**
 * Which proxy a request takes: `proxy_url`, `no_proxy` and the environment, by the rules of Go's httpproxy.
 */

import { BlockList, isIP } from "node:net";
import type { HttpClientSection } from "./client-config.ts";

/** The part of a section that names proxies. */
export type ProxySection = Pick<
  HttpClientSection,
  "proxy_url" | "no_proxy" | "proxy_from_environment" | "proxy_connect_header"
>;

/** Gives the proxy for a URL, null for a direct connection. Throws when the environment names none. */
export type ProxyChooser = (url: URL) => URL | null;

/** The chooser of a section; `environment` is that of the process. */
export function proxyChooser(
  section: ProxySection,
  environment: Readonly<Record<string, string | undefined>>,
): ProxyChooser | null {
  if (section.proxy_from_environment) return fromEnvironment(environment);
  if (section.proxy_url === "") return null;
  const proxy = parseProxy(section.proxy_url);
  if (section.no_proxy === "") return () => proxy;
  const isExempt = exemptions(section.no_proxy);
  return (url) => (isExempt(url) ? null : proxy);
}

function fromEnvironment(environment: Readonly<Record<string, string | undefined>>): ProxyChooser | null {
  const value = (name: string): string => environment[name] || environment[name.toLowerCase()] || "";
  const [plain, secure, exempt] = [value("HTTP_PROXY"), value("HTTPS_PROXY"), value("NO_PROXY")];
  if (plain === "" && secure === "") return null;
  const isCgi = (environment["REQUEST_METHOD"] ?? "") !== "";
  const isExempt = exemptions(exempt);
  return (url) => {
    const text = url.protocol === "https:" ? secure : plain;
    if (text === "" || isExempt(url)) return null;
    if (isCgi && url.protocol === "http:") {
      throw new Error("refusing to use HTTP_PROXY value in CGI environment; see golang.org/s/cgihttpproxy");
    }
    return parseProxy(text);
  };
}

function parseProxy(text: string): URL {
  const known = /^(?:https?|socks5h?):\/\//u.test(text);
  try {
    return new URL(known ? text : `http://${text}`);
  } catch (cause) {
    throw new Error(`invalid proxy address "${text}"`, { cause });
  }
}

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");

function family(address: string): "ipv4" | "ipv6" {
  return isIP(address) === 6 ? "ipv6" : "ipv4";
}

/** Whether a URL is exempt from the proxy: machines of this host are, and what `list` names. */
function exemptions(list: string): (url: URL) => boolean {
  const rules = list
    .split(",")
    .map((part) => part.trim().toLowerCase())
    .filter((part) => part !== "")
    .map(exemption);
  return (url) => {
    const host = url.hostname
      .replace(/^\[|\]$/gu, "")
      .replace(/\.$/u, "")
      .toLowerCase();
    if (host === "") return true;
    const isAddress = isIP(host) !== 0;
    if (host === "localhost" || (isAddress && loopback.check(host, family(host)))) return true;
    const port = url.port === "" ? (url.protocol === "https:" ? "443" : "80") : url.port;
    return rules.some((rule) => rule(host, port, isAddress));
  };
}

type Exemption = (host: string, port: string, isAddress: boolean) => boolean;

function exemption(part: string): Exemption {
  if (part === "*") return () => true;
  const [network = "", prefix = ""] = part.split("/");
  if (prefix !== "" && /^[0-9]+$/u.test(prefix) && isIP(network) !== 0) {
    const block = new BlockList();
    block.addSubnet(network, Number(prefix), family(network));
    return (host, _port, isAddress) => isAddress && block.check(host, family(host));
  }
  const { host: name, port: only } = splitPort(part);
  if (name === "") return () => false;
  if (isIP(name) !== 0) {
    const block = new BlockList();
    block.addAddress(name, family(name));
    return (host, port, isAddress) =>
      isAddress && block.check(host, family(host)) && (only === "" || only === port);
  }
  const suffixOnly = name.startsWith(".") || name.startsWith("*.");
  const suffix = `.${name.replace(/^\*?\./u, "")}`;
  return (host, port) =>
    (host.endsWith(suffix) || (!suffixOnly && host === suffix.slice(1))) && (only === "" || only === port);
}

function splitPort(part: string): { host: string; port: string } {
  const match = /^(?:\[([^\]]*)\]|([^:]*)):([0-9]+)$/u.exec(part);
  if (match === null) return { host: part.replace(/^\[|\]$/gu, ""), port: "" };
  return { host: match[1] ?? match[2] ?? "", port: match[3] ?? "" };
}
