/**
 * Where the API server is and how one shows who one is: the account of the pod that this runs in, a
 * kubeconfig file, or what the section itself says.
 */

import { decodeDocument } from "@narthex/config/decode";
import { object } from "@narthex/config/decode-section";
import { directoryOf, joinDirectory } from "@narthex/config/file-paths";
import { jsonValue } from "@narthex/config/json-value";
import { Secret } from "@narthex/config/secret";
import { parseYaml } from "@narthex/config/yaml-document";
import { httpClientFields, tlsConfig, type HttpClientSection } from "@narthex/http/client-config";
import { runCredentialCommand } from "@narthex/http/credential-command";
import type { Disk } from "@narthex/platform/disk";
import { Json } from "../json.ts";
import type { MechanismContext } from "../mechanism.ts";
import { joinHostPort } from "../target-labels.ts";

/** Credentials from a plugin. */
export interface KubeCredentials {
  readonly token: string;
  /** A client certificate and its key, in PEM; "" for none. */
  readonly certificate: string;
  readonly key: string;
  /** When they run out. */
  readonly untilMs: number;
}

/** An API server and how to reach it. */
export interface KubeServer {
  readonly baseUrl: string;
  readonly section: HttpClientSection;
  /** Gets credentials; null when the section holds them. */
  readonly plugin: (() => Promise<KubeCredentials>) | null;
  /** The same server, asked with a client certificate. */
  withCertificate(certificate: string, key: string): Pick<KubeServer, "baseUrl" | "section">;
}

/** A server whose section says all. */
export function plainServer(baseUrl: string, section: HttpClientSection): KubeServer {
  return { baseUrl, section, plugin: null, withCertificate: () => ({ baseUrl, section }) };
}

const clientBlock = object("config.HTTPClientConfig", httpClientFields);

/** Where a pod finds its account. */
export const accountDirectory = "/var/run/secrets/kubernetes.io/serviceaccount";

/** The server of the cluster that this runs in. Throws when it runs in none. */
export function inClusterServer(context: MechanismContext, directory = accountDirectory): KubeServer {
  const { environment = process.env, disk } = context;
  const { KUBERNETES_SERVICE_HOST: host = "", KUBERNETES_SERVICE_PORT: port = "" } = environment;
  if (host === "" || port === "") {
    throw new Error(
      "unable to load in-cluster configuration, KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT" +
        " must be defined",
    );
  }
  readText(disk, `${directory}/token`);
  const section = clientBlock.initial;
  section.authorization = bearerFile(`${directory}/token`);
  section.tls_config = { ...tlsConfig.initial, ca_file: `${directory}/ca.crt` };
  return plainServer(`https://${joinHostPort(host, port)}`, section);
}

/** The namespace of the pod that this runs in. */
export function ownNamespace(disk: Disk, directory = accountDirectory): string {
  let name: string;
  try {
    name = readText(disk, `${directory}/namespace`);
  } catch (cause) {
    throw new Error(`could not determine the pod's namespace: ${(cause as Error).message}`, { cause });
  }
  if (name === "") throw new Error("could not read own namespace name (empty file)");
  return name;
}

/** The server of a kubeconfig file's current context. Throws when the file names none. */
export function kubeconfigServer(file: string, context: MechanismContext): KubeServer {
  const directory = directoryOf(file);
  const config = new Json(decodeDocument(parseYaml(readText(context.disk, file), file), jsonValue));
  const current = config.at("current-context").text();
  const named = partOf(config, "contexts", current, "context");
  if (!named.exists) {
    throw new Error(
      current === ""
        ? "invalid configuration: no configuration has been provided, try setting KUBERNETES_MASTER" +
            " environment variable"
        : `invalid configuration: context was not found for specified context: ${current}`,
    );
  }
  const cluster = partOf(config, "clusters", named.at("cluster").text(), "cluster");
  const user = partOf(config, "users", named.at("user").text(), "user");
  const baseUrl = cluster.at("server").text();
  if (baseUrl === "") {
    throw new Error(`invalid configuration: no server found for cluster "${named.at("cluster").text()}"`);
  }
  const build = (certificate: string, key: string): HttpClientSection => {
    const section = clientBlock.initial;
    addTls(section, cluster, user, directory);
    addUser(section, user, directory);
    section.proxy_url = cluster.at("proxy-url").text();
    if (certificate !== "" && section.tls_config !== null) {
      section.tls_config = {
        ...section.tls_config,
        cert: certificate,
        key: new Secret(key),
        cert_file: "",
        key_file: "",
      };
    }
    return section;
  };
  const exec = user.at("exec");
  return {
    baseUrl,
    section: build("", ""),
    plugin: exec.exists ? () => runPlugin(exec, cluster, directory, context) : null,
    withCertificate: (certificate, key) => ({ baseUrl, section: build(certificate, key) }),
  };
}

function partOf(config: Json, list: string, name: string, part: string): Json {
  return (
    config
      .at(list)
      .items()
      .find((item) => item.at("name").text() === name)
      ?.at(part) ?? new Json(undefined)
  );
}

function readText(disk: Disk, file: string): string {
  return new TextDecoder().decode(disk.readFile(file));
}

function bearerFile(file: string): HttpClientSection["authorization"] {
  return { type: "Bearer", credentials: Secret.empty, credentials_file: file, credentials_ref: "" };
}

function addTls(section: HttpClientSection, cluster: Json, user: Json, directory: string): void {
  const data = (from: Json, name: string): string => decodeBase64(from.at(`${name}-data`).text());
  const path = (from: Json, name: string): string =>
    data(from, name) === "" ? joinDirectory(directory, from.at(name).text()) : "";
  section.tls_config = {
    ...tlsConfig.initial,
    ca: data(cluster, "certificate-authority"),
    ca_file: path(cluster, "certificate-authority"),
    insecure_skip_verify: cluster.at("insecure-skip-tls-verify").flag(),
    server_name: cluster.at("tls-server-name").text(),
    cert: data(user, "client-certificate"),
    cert_file: path(user, "client-certificate"),
    key: new Secret(data(user, "client-key")),
    key_file: path(user, "client-key"),
  };
}

function addUser(section: HttpClientSection, user: Json, directory: string): void {
  const tokenFile = user.at("tokenFile").text();
  const token = user.at("token").text();
  if (tokenFile !== "") section.authorization = bearerFile(joinDirectory(directory, tokenFile));
  else if (token !== "") {
    const credentials = new Secret(token);
    section.authorization = { type: "Bearer", credentials, credentials_file: "", credentials_ref: "" };
  }
  const username = user.at("username").text();
  if (username === "") return;
  const password = new Secret(user.at("password").text());
  const none = { username_file: "", username_ref: "", password_file: "", password_ref: "" };
  section.basic_auth = { username, password, ...none };
}

async function runPlugin(
  exec: Json,
  cluster: Json,
  directory: string,
  { clock }: MechanismContext,
): Promise<KubeCredentials> {
  const command = exec.at("command").text();
  const info = { apiVersion: exec.at("apiVersion").text(), kind: "ExecCredential" };
  const spec = {
    interactive: false,
    ...(exec.at("provideClusterInfo").flag()
      ? {
          cluster: {
            server: cluster.at("server").text(),
            "certificate-authority-data": cluster.at("certificate-authority-data").text(),
            "insecure-skip-tls-verify": cluster.at("insecure-skip-tls-verify").flag(),
            "tls-server-name": cluster.at("tls-server-name").text(),
          },
        }
      : {}),
  };
  const given = exec
    .at("env")
    .items()
    .map((entry) => [entry.at("name").text(), entry.at("value").text()]);
  const printed = await runCredentialCommand({
    program: command.includes("/") ? joinDirectory(directory, command) : command,
    words: exec.at("args").texts(),
    environment: {
      ...(Object.fromEntries(given) as Record<string, string>),
      KUBERNETES_EXEC_INFO: JSON.stringify({ ...info, spec }),
    },
    directory: "",
  });
  const status = Json.parse(printed).at("status");
  if (!status.exists) throw new Error("exec plugin didn't return a status field");
  const token = status.at("token").text();
  const certificate = status.at("clientCertificateData").text();
  if (token === "" && certificate === "") {
    throw new Error("exec plugin didn't return a token or cert/key pair");
  }
  const until = Date.parse(status.at("expirationTimestamp").text());
  const key = status.at("clientKeyData").text();
  return {
    token,
    certificate,
    key,
    untilMs: Number.isNaN(until) ? Infinity : Math.max(until, clock.nowMs()),
  };
}

function decodeBase64(text: string): string {
  const bytes = Uint8Array.from(atob(text.replace(/\s/gu, "")), (char) => char.charCodeAt(0));
  return new TextDecoder().decode(bytes);
}
