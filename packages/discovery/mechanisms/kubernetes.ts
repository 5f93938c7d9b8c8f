/**
 * Targets in a Kubernetes cluster: `kubernetes_sd_configs`.
 *
 *   API server → list-watch (a copy per collection) → role → groups → manager
 *
 * Idea: every collection that the role needs is copied and followed. When all copies are there, each object
 * of the role's own collection becomes a group; after that a change marks the groups that it touches, and the
 * marked ones are said together.
 *
 * Invariant: no group is said before all copies had their first list.
 */

import { type Decoder, boolean, convert, shown, text } from "@narthex/config/decode";
import { list, object } from "@narthex/config/decode-section";
import { checkHttpClient, httpClientFields, joinHttpClientFiles, url } from "@narthex/http/client-config";
import { Labels, quoteGo } from "@narthex/model/labels";
import { KubeApi } from "../kubernetes/kube-api.ts";
import {
  inClusterServer,
  kubeconfigServer,
  ownNamespace,
  plainServer,
  type KubeServer,
} from "../kubernetes/kube-config.ts";
import { ListWatch } from "../kubernetes/list-watch.ts";
import type { Copies } from "../kubernetes/copies.ts";
import { keyOf } from "../kubernetes/objects.ts";
import {
  collections,
  roleNames,
  roles,
  type Change,
  type CollectionName,
  type RoleName,
} from "../kubernetes/roles.ts";
import { checkFieldSelector, checkLabelSelector } from "../kubernetes/selector.ts";
import type { Mechanism, MechanismContext, MechanismKind, UpdateGroups } from "../mechanism.ts";
import type { TargetGroup } from "../target-group.ts";

const role: Decoder<RoleName | ""> = convert(text, "", (value) => {
  if (!roleNames.includes(value as RoleName)) throw new Error(`unknown Kubernetes SD role ${quoteGo(value)}`);
  return value as RoleName;
});

/** `inner` that prints only when it is not all zero. */
function unlessZero<T>(inner: Decoder<T>): Decoder<T> {
  const zero = JSON.stringify(inner.print(inner.zero));
  return {
    goType: inner.goType,
    initial: inner.initial,
    zero: inner.zero,
    decode: (node, decoding) => inner.decode(node, decoding),
    print: (value) => {
      const printed = inner.print(value);
      return JSON.stringify(printed) === zero ? undefined : printed;
    },
  };
}

const clientBlock = object("config.HTTPClientConfig", httpClientFields);

const section = object(
  "kubernetes.plain",
  {
    api_server: url,
    role,
    kubeconfig_file: shown(text),
    ...httpClientFields,
    namespaces: unlessZero(
      object("kubernetes.plain", { own_namespace: shown(boolean), names: shown(list(text)) }),
    ),
    selectors: list(object("kubernetes.SelectorConfig", { role, label: text, field: text })),
    attach_metadata: unlessZero(
      object("kubernetes.AttachMetadataConfig", {
        node: shown(boolean),
        namespace: shown(boolean),
        deployment: shown(boolean),
        job: shown(boolean),
        cronjob: shown(boolean),
      }),
    ),
  },
  (written) => checkSection(written),
);

/** A section of `kubernetes_sd_configs`. */
export type KubernetesSection = typeof section.initial;

function checkSection(written: KubernetesSection): void {
  const { role: own, api_server: server, kubeconfig_file: file, namespaces, selectors } = written;
  if (own === "")
    throw new Error("role missing (one of: pod, service, endpoints, endpointslice, node, ingress)");
  checkHttpClient(written);
  const isPlain =
    JSON.stringify(clientBlock.print(written)) === JSON.stringify(clientBlock.print(clientBlock.initial));
  if (server !== "" && file !== "")
    throw new Error("cannot use 'kubeconfig_file' and 'api_server' simultaneously");
  if (file !== "" && !isPlain)
    throw new Error("cannot use a custom HTTP client configuration together with 'kubeconfig_file'");
  if (server === "" && !isPlain) {
    throw new Error("to use custom HTTP client configuration please provide the 'api_server' URL explicitly");
  }
  if (server !== "" && namespaces.own_namespace)
    throw new Error("cannot use 'api_server' and 'namespaces.own_namespace' simultaneously");
  if (file !== "" && namespaces.own_namespace)
    throw new Error("cannot use 'kubeconfig_file' and 'namespaces.own_namespace' simultaneously");
  const seen = new Set<string>();
  const { selectable } = roles[own];
  for (const { role: selected, label, field } of selectors) {
    if (seen.has(selected)) throw new Error(`duplicated selector role: ${selected}`);
    seen.add(selected);
    if (!selectable.includes(selected as RoleName))
      throw new Error(`${own} role supports only ${selectable.join(", ")} selectors`);
    checkFieldSelector(field);
    checkLabelSelector(label);
  }
}

/** The mechanism. */
export const kubernetes: MechanismKind<KubernetesSection> = {
  name: "kubernetes",
  section,
  joinFiles: (written, join) => {
    joinHttpClientFiles(written, join);
    written.kubeconfig_file = join(written.kubeconfig_file);
  },
  create: (written, context) => new KubernetesDiscovery(written, serverOf(written, context), context),
};

function serverOf(written: KubernetesSection, context: MechanismContext): KubeServer {
  if (written.kubeconfig_file !== "") return kubeconfigServer(written.kubeconfig_file, context);
  return written.api_server === "" ? inClusterServer(context) : plainServer(written.api_server, written);
}

class KubernetesDiscovery implements Mechanism {
  readonly #section: KubernetesSection;
  readonly #context: MechanismContext;
  readonly #api: KubeApi;
  readonly #namespaces: readonly string[];
  readonly #followed: ListWatch[] = [];

  constructor(section: KubernetesSection, server: KubeServer, context: MechanismContext) {
    this.#section = section;
    this.#context = context;
    this.#api = new KubeApi(server, context);
    const { names, own_namespace: withOwn } = section.namespaces;
    const all = withOwn ? [...names, ownNamespace(context.disk)] : names;
    this.#namespaces = all.length === 0 ? [""] : all;
  }

  async run(update: UpdateGroups, signal: AbortSignal): Promise<void> {
    const { attach_metadata: attached, role: own } = this.#section;
    const usesNamespaces = attached.namespace && own !== "node";
    const nodes = attached.node && own !== "service" && own !== "ingress" && own !== "node";
    const common = {
      nodes: nodes ? this.#follow("node", "") : null,
      namespaces: usesNamespaces ? this.#follow("namespace", "") : null,
    };
    const running = this.#namespaces.map((namespace) =>
      new RoleDiscovery(own as RoleName, this.#copies(namespace, common), this.#context).run(update),
    );
    await Promise.all([...running, ...this.#followed.map((copy) => copy.run(signal))]);
    this.#api.close();
  }

  #copies(namespace: string, common: Pick<Copies, "nodes" | "namespaces">): FollowedCopies {
    const { attach_metadata: attached, role: own } = this.#section;
    const { needs } = roles[own as RoleName];
    const ofPods = own === "pod" || needs.includes("pod");
    const follow = (name: CollectionName, isWanted: boolean): ListWatch | null =>
      isWanted ? this.#follow(name, namespace) : null;
    return {
      ...common,
      own: this.#follow(own as RoleName, own === "node" ? "" : namespace),
      pods: follow("pod", needs.includes("pod")),
      services: follow("service", needs.includes("service")),
      replicaSets: follow("replicaset", ofPods && attached.deployment),
      jobs: follow("job", ofPods && (attached.job || attached.cronjob)),
      attached,
    };
  }

  #follow(collection: CollectionName, namespace: string): ListWatch {
    const { clock, logger, metrics } = this.#context;
    const [group, name] = collections[collection];
    const selector = this.#section.selectors.find(({ role: selected }) => selected === collection);
    const copy = new ListWatch({
      api: this.#api,
      path:
        namespace === ""
          ? `${group}/${name}`
          : `${group}/namespaces/${encodeURIComponent(namespace)}/${name}`,
      labelSelector: selector?.label ?? "",
      fieldSelector: selector?.field ?? "",
      clock,
      logger,
      onFailure: () => metrics.count?.("prometheus_sd_kubernetes_failures_total"),
    });
    this.#followed.push(copy);
    return copy;
  }
}

interface FollowedCopies extends Copies {
  /** The role's own collection. */
  readonly own: ListWatch;
}

/** One role in one namespace, or in all of them. */
class RoleDiscovery {
  readonly #role: RoleName;
  readonly #copies: FollowedCopies;
  readonly #context: MechanismContext;
  readonly #marked = new Set<string>();
  #isSynced = false;
  #isSending = false;
  #update: UpdateGroups = () => {};

  constructor(role: RoleName, copies: FollowedCopies, context: MechanismContext) {
    this.#role = role;
    this.#copies = copies;
    this.#context = context;
  }

  /** Says what there is once all copies are there, and then what changes. The copies are run by others. */
  async run(update: UpdateGroups): Promise<void> {
    this.#update = update;
    const { own, pods, services, nodes, namespaces, replicaSets, jobs } = this.#copies;
    const { metrics } = this.#context;
    const followed: [ListWatch | null, CollectionName][] = [
      [pods, "pod"],
      [services, "service"],
      [nodes, "node"],
      [namespaces, "namespace"],
      [replicaSets, "replicaset"],
      [jobs, "job"],
    ];
    for (const [copy, collection] of followed) {
      copy?.listen((event, object, before) => {
        if (collection === "service" || (collection === "pod" && event === "update"))
          metrics.kubernetesEvent?.(collection, event);
        this.#touch({ collection, event, object, before });
      });
    }
    own.listen((event, object) => {
      metrics.kubernetesEvent?.(this.#role, event);
      this.#mark(keyOf(object));
    });
    await Promise.all([own.synced, ...followed.flatMap(([copy]) => (copy === null ? [] : [copy.synced]))]);
    this.#isSynced = true;
    this.#send();
  }

  /** Marks the groups that a change of another collection touches. */
  #touch(change: Change): void {
    if (!this.#isSynced) return;
    const { isTouched } = roles[this.#role];
    for (const [key, object] of this.#copies.own.objects()) if (isTouched(object, change)) this.#mark(key);
  }

  #mark(key: string): void {
    this.#marked.add(key);
    if (!this.#isSynced || this.#isSending) return;
    this.#isSending = true;
    // What one batch of events marks is said at once.
    this.#context.clock.after(0, () => {
      this.#isSending = false;
      this.#send();
    });
  }

  #send(): void {
    const { group, sourcePrefix } = roles[this.#role];
    const groups: TargetGroup[] = [];
    for (const key of this.#marked) {
      const object = this.#copies.own.get(key);
      if (object === undefined) {
        groups.push({ source: sourcePrefix + key, targets: [], labels: Labels.empty });
        continue;
      }
      const made = group(object, this.#copies);
      if (made === null) this.#context.logger.warn("No node address found", { err: "host address unknown" });
      else groups.push(made);
    }
    this.#marked.clear();
    this.#update(groups);
  }
}
