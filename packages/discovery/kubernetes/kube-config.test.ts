import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { systemClock } from "@narthex/platform/clock";
import { systemDisk } from "@narthex/platform/disk";
import { silentLogger } from "@narthex/platform/logger";
import { watchDirectory } from "@narthex/platform/watch";
import { noDiscoveryMetrics } from "../discovery-metrics.ts";
import { kubernetes } from "../mechanisms/kubernetes.ts";
import { firstTargets, watching, withApi } from "../test-world.ts";
import { inClusterServer, kubeconfigServer, ownNamespace } from "./kube-config.ts";
import { TestCluster } from "./test-cluster.ts";

const context = {
  clock: systemClock,
  disk: systemDisk,
  logger: silentLogger,
  watch: watchDirectory,
  metrics: noDiscoveryMetrics,
};

function inFolder<T>(run: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "narthex-"));
  const clean = (): void => rmSync(folder, { recursive: true });
  const result = run(folder);
  if (result instanceof Promise) return result.finally(clean) as T;
  clean();
  return result;
}

const kubeconfig = (server: string, user: object, cluster: object = {}) =>
  JSON.stringify({
    "current-context": "c",
    contexts: [{ name: "c", context: { cluster: "k", user: "u" } }],
    clusters: [{ name: "k", cluster: { server, ...cluster } }],
    users: [{ name: "u", user }],
  });

test("the account of a pod", () => {
  inFolder((folder) => {
    writeFileSync(join(folder, "token"), "t");
    writeFileSync(join(folder, "namespace"), "mine");
    const environment = { KUBERNETES_SERVICE_HOST: "fd00::1", KUBERNETES_SERVICE_PORT: "443" };
    const server = inClusterServer({ ...context, environment }, folder);
    assert.equal(server.baseUrl, "https://[fd00::1]:443");
    assert.equal(server.section.authorization?.credentials_file, `${folder}/token`);
    assert.equal(server.section.tls_config?.ca_file, `${folder}/ca.crt`);
    assert.equal(ownNamespace(systemDisk, folder), "mine");
    assert.throws(() => inClusterServer({ ...context, environment: {} }, folder), /KUBERNETES_SERVICE_HOST/u);
    writeFileSync(join(folder, "namespace"), "");
    assert.throws(() => ownNamespace(systemDisk, folder), /empty file/u);
  });
});

test("a kubeconfig names server, authority and user", () => {
  inFolder((folder) => {
    const file = join(folder, "config");
    const base64 = (content: string) => Buffer.from(content).toString("base64");
    writeFileSync(
      file,
      kubeconfig(
        "https://k:6443",
        { "client-certificate-data": base64("cert"), "client-key": "k.pem", tokenFile: "tok" },
        { "certificate-authority": "ca.pem", "tls-server-name": "n", "proxy-url": "http://p" },
      ),
    );
    const { section, baseUrl } = kubeconfigServer(file, context);
    const { tls_config: tls, authorization, proxy_url: proxy } = section;
    assert.deepEqual(
      [
        baseUrl,
        tls?.ca_file,
        tls?.cert,
        tls?.key_file,
        tls?.server_name,
        authorization?.credentials_file,
        proxy,
      ],
      ["https://k:6443", `${folder}/ca.pem`, "cert", `${folder}/k.pem`, "n", `${folder}/tok`, "http://p"],
    );
    writeFileSync(file, "{}");
    assert.throws(() => kubeconfigServer(file, context), /no configuration has been provided/u);
    writeFileSync(file, "current-context: x");
    assert.throws(() => kubeconfigServer(file, context), /context was not found for specified context: x/u);
  });
});

test("tokens, passwords and plugins show who asks", async () => {
  await inFolder(async (folder) => {
    const file = join(folder, "config");
    const cluster = new TestCluster();
    cluster.put("/api/v1/nodes", {
      metadata: { name: "n1" },
      status: { addresses: [{ type: "InternalIP", address: "10.0.0.1" }] },
    } as object);
    await withApi(cluster.replay, async (url, seen) => {
      const asks = async (user: object, authorization: string) => {
        writeFileSync(file, kubeconfig(url, user));
        await firstTargets(kubernetes, { role: "node", kubeconfig_file: file });
        assert.equal(seen.at(-1)?.headers["authorization"], authorization);
      };
      await asks({ token: "abc" }, "Bearer abc");
      await asks({ username: "u", password: "p" }, `Basic ${Buffer.from("u:p").toString("base64")}`);
      const plugin = join(folder, "plugin.sh");
      writeFileSync(
        plugin,
        `#!/bin/sh\nprintf '{"kind": "ExecCredential", "status": {"token": "%s-%s"}}' "$1" "$EXTRA"\n`,
      );
      chmodSync(plugin, 0o755);
      const exec = { command: "./plugin.sh", args: ["one"], env: [{ name: "EXTRA", value: "two" }] };
      await asks({ exec: { apiVersion: "client.authentication.k8s.io/v1", ...exec } }, "Bearer one-two");
    });
  });
});

test("a token that is refused is got anew; a plugin that fails is told", async () => {
  await inFolder(async (folder) => {
    const file = join(folder, "config");
    const count = join(folder, "count");
    const cluster = new TestCluster();
    cluster.put("/api/v1/nodes", {
      metadata: { name: "n1" },
      status: { addresses: [{ type: "Hostname", address: "h" }] },
    } as object);
    await withApi(
      (request) => (request.headers["authorization"] === "Bearer 1" ? 401 : cluster.replay(request)),
      async (url) => {
        const script = `echo x >> ${count}; printf '{"status": {"token": "%s"}}' $(wc -l < ${count})`;
        writeFileSync(file, kubeconfig(url, { exec: { command: "/bin/sh", args: ["-c", script] } }));
        const section = { role: "node", kubeconfig_file: file };
        assert.equal((await firstTargets(kubernetes, section))[0]?.["__address__"], "h:0");
        writeFileSync(
          file,
          kubeconfig(url, { exec: { command: "/bin/sh", args: ["-c", "echo no >&2; exit 1"] } }),
        );
        await watching(kubernetes, section, async ({ errors, until }) => {
          await until(() => errors.length > 0);
          assert.equal(errors[0], "exec: /bin/sh failed: no");
        });
      },
    );
  });
});
