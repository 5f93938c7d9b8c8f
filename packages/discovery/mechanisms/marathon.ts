/**
 * Applications that Marathon runs: `marathon_sd_configs`. One group per application.
 */

import { duration, secret, text, withDefault } from "@narthex/config/decode";
import { list, object } from "@narthex/config/decode-section";
import { checkHttpClient, httpClientFields, joinHttpClientFiles } from "@narthex/http/client-config";
import { explained, readSecretFile } from "@narthex/http/secret-source";
import { Labels } from "@narthex/model/labels";
import { ApiStatusError } from "../api-client.ts";
import { apiMechanism } from "../api-mechanism.ts";
import type { Json } from "../json.ts";
import type { MechanismKind } from "../mechanism.ts";
import type { TargetGroup } from "../target-group.ts";
import { joinHostPort, labelsFrom, prefixed, targetFrom } from "../target-labels.ts";

const section = object(
  "marathon.plain",
  {
    servers: list(text),
    refresh_interval: withDefault(duration, 30_000),
    auth_token: secret,
    auth_token_file: text,
    ...httpClientFields,
  },
  (written) => {
    const hasToken = !written.auth_token.isEmpty;
    const hasFile = written.auth_token_file !== "";
    if (written.servers.length === 0)
      throw new Error("marathon_sd: must contain at least one Marathon server");
    if (hasToken && hasFile)
      throw new Error("marathon_sd: at most one of auth_token & auth_token_file must be configured");
    if (hasToken || hasFile) checkOtherForms(written);
    checkHttpClient(written);
  },
);

/** A section of `marathon_sd_configs`. */
export type MarathonSection = typeof section.initial;

function checkOtherForms(written: MarathonSection): void {
  if (written.basic_auth !== null) {
    throw new Error(
      "marathon_sd: at most one of basic_auth, auth_token & auth_token_file must be configured",
    );
  }
  if (!written.bearer_token.isEmpty || written.bearer_token_file !== "") {
    throw new Error(
      "marathon_sd: at most one of bearer_token, bearer_token_file, auth_token & auth_token_file must be" +
        " configured",
    );
  }
  if (written.authorization !== null) {
    throw new Error(
      "marathon_sd: at most one of auth_token, auth_token_file & authorization must be configured",
    );
  }
}

const timeoutMs = 60_000;

/** The mechanism. */
export const marathon: MechanismKind<MarathonSection> = {
  name: "marathon",
  section,
  joinFiles: (written, join) => {
    joinHttpClientFiles(written, join);
    written.auth_token_file = join(written.auth_token_file);
  },
  create: (written, context) => {
    const { servers, refresh_interval: intervalMs, auth_token: token, auth_token_file: file } = written;
    const tokenNow = (): string => {
      if (file === "") return token.reveal();
      return explained("unable to read auth token", () => readSecretFile(file, "auth token file"));
    };
    tokenNow();
    let turn = 0;
    let known: ReadonlySet<string> = new Set();
    const plan = { name: "marathon", section: written, baseUrl: servers[0] ?? "", intervalMs, timeoutMs };
    return apiMechanism(plan, context, async (api, signal) => {
      const server = servers[turn++ % servers.length] ?? "";
      const shown = tokenNow();
      const headers = shown === "" ? [] : ["authorization", `token=${shown}`];
      const path = `${server}/v2/apps/?embed=apps.tasks`;
      const answer = await api.json({ path, headers, signal }).catch((error: unknown) => {
        if (!(error instanceof ApiStatusError)) throw error;
        const why = `non 2xx status '${error.status}' response during marathon service discovery`;
        throw new Error(why, { cause: error });
      });
      const groups = answer.at("apps").items().map(groupOf);
      const sources = new Set(groups.map(({ source }) => source));
      const gone = [...known].filter((source) => !sources.has(source));
      known = sources;
      return [...groups, ...gone.map((source) => ({ source, targets: [], labels: Labels.empty }))];
    });
  },
};

function groupOf(app: Json): TargetGroup {
  const id = app.at("id").text();
  const labels = app.at("labels").fields();
  return {
    source: id,
    targets: targetsOf(app),
    labels: labelsFrom("__meta_marathon_", {
      app: id,
      image: app.at("container", "docker", "image").text(),
      ...prefixed(
        "app_label_",
        labels.map(([name, value]) => [name, value.text()] as const),
      ),
    }),
  };
}

interface AppPorts {
  readonly ports: readonly number[];
  readonly labels: readonly Json[];
  readonly prefix: string;
}

/** The ports that an application asks for; 0 where one is chosen for each task. */
function portsOf(app: Json, usesContainerNet: boolean): AppPorts {
  for (const mappings of [
    app.at("container", "portMappings"),
    app.at("container", "docker", "portMappings"),
  ]) {
    const items = mappings.items();
    if (items.length === 0) continue;
    const field = usesContainerNet ? "containerPort" : "hostPort";
    const ports = items.map((item) => item.at(field).number());
    return { ports, labels: items.map((item) => item.at("labels")), prefix: "port_mapping_label_" };
  }
  const items = app.at("portDefinitions").items();
  const isFixed = app.at("requirePorts").flag();
  const ports = items.map((item) => (isFixed ? item.at("port").number() : 0));
  return { ports, labels: items.map((item) => item.at("labels")), prefix: "port_definition_label_" };
}

function targetsOf(app: Json): readonly Labels[] {
  const usesContainerNet = app.at("networks").items()[0]?.at("mode").text() === "container";
  const asked = portsOf(app, usesContainerNet);
  let { ports } = asked;
  return app
    .at("tasks")
    .items()
    .flatMap((task) => {
      const own = task
        .at("ports")
        .items()
        .map((port) => port.number());
      if (ports.length === 0) ports = own;
      const address = task.at("ipAddresses").items()[0]?.at("ipAddress").text();
      const host = usesContainerNet && address !== undefined ? address : task.at("host").text();
      return ports.map((port, i) => {
        const chosen = port === 0 && own.length === ports.length ? (own[i] ?? 0) : port;
        const labels = asked.labels[i]?.fields() ?? [];
        return targetFrom(joinHostPort(host, chosen), "__meta_marathon_", {
          task: task.at("id").text(),
          port_index: i,
          ...prefixed(
            asked.prefix,
            labels.map(([name, value]) => [name, value.text()] as const),
          ),
        });
      });
    });
}
