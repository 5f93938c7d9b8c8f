/**
 * The copies of objects that a role looks things up in, and the labels that it takes from them.
 */

import type { LabelFields } from "../target-labels.ts";
import type { ListWatch } from "./list-watch.ts";
import {
  controllerOf,
  labelAndAnnotationFields,
  metaFields,
  type KubeObject,
  type ObjectReference,
  type Pod,
} from "./objects.ts";

/** What to attach besides, as `attach_metadata` says. */
export interface AttachedMetadata {
  readonly node: boolean;
  readonly namespace: boolean;
  readonly deployment: boolean;
  readonly job: boolean;
  readonly cronjob: boolean;
}

/** Copies by what they hold; null for what the role does not need. */
export interface Copies {
  readonly pods: ListWatch | null;
  readonly services: ListWatch | null;
  readonly nodes: ListWatch | null;
  readonly namespaces: ListWatch | null;
  readonly replicaSets: ListWatch | null;
  readonly jobs: ListWatch | null;
  readonly attached: AttachedMetadata;
}

/** Labels of the node called `name`. */
export function attachedNodeFields(copies: Copies, name: string | undefined): LabelFields {
  const node = name === undefined ? undefined : copies.nodes?.get(name);
  return node === undefined ? {} : metaFields(node, "node");
}

/** Labels of the namespace called `name`. */
export function attachedNamespaceFields(copies: Copies, name: string | undefined): LabelFields {
  const space = copies.namespaces?.get(name ?? "");
  return space === undefined ? {} : labelAndAnnotationFields(space.metadata, "namespace");
}

/** The pod that a reference names. */
export function podOf(copies: Copies, reference: ObjectReference | undefined): Pod | undefined {
  if (reference?.kind !== "Pod") return undefined;
  return copies.pods?.get(`${reference.namespace ?? ""}/${reference.name ?? ""}`);
}

/** Labels of a pod, without its namespace. */
export function podFields(pod: Pod, copies: Copies): LabelFields {
  const { metadata, spec, status } = pod;
  const ready = status?.conditions?.find(({ type }) => type === "Ready")?.status ?? "Unknown";
  return {
    pod_ip: status?.podIP,
    pod_ready: ready.toLowerCase(),
    pod_phase: status?.phase,
    pod_node_name: spec?.nodeName,
    pod_host_ip: status?.hostIP,
    pod_uid: metadata?.uid,
    ...metaFields(pod, "pod"),
    ...ownerFields(pod, copies),
  };
}

function ownerFields(pod: Pod, { replicaSets, jobs, attached }: Copies): LabelFields {
  const owner = controllerOf(pod);
  if (owner === undefined) return {};
  const key = `${pod.metadata?.namespace ?? ""}/${owner.name ?? ""}`;
  const ownerOf = (copy: ListWatch | null, kind: string): string | undefined => {
    const object: KubeObject | undefined = copy?.get(key);
    const above = object === undefined ? undefined : controllerOf(object);
    return above?.kind === kind ? above.name : undefined;
  };
  const isJob = owner.kind === "Job";
  return {
    pod_controller_kind: owner.kind,
    pod_controller_name: owner.name,
    pod_deployment_name:
      owner.kind === "ReplicaSet" && attached.deployment ? ownerOf(replicaSets, "Deployment") : undefined,
    pod_job_name: isJob && attached.job ? owner.name : undefined,
    pod_cronjob_name: isJob && attached.cronjob ? ownerOf(jobs, "CronJob") : undefined,
  };
}
