/**
 * What each role follows: the objects that become groups, the objects it looks things up in, and which
 * groups a change of the latter touches.
 */

import type { TargetGroup } from "../target-group.ts";
import { ingressGroup, nodeGroup, serviceGroup } from "./cluster-groups.ts";
import type { Copies } from "./copies.ts";
import type { KubeEvent } from "./list-watch.ts";
import {
  controllerOf,
  keyOf,
  type Endpoints,
  type EndpointSlice,
  type KubeObject,
  type Pod,
} from "./objects.ts";
import { endpointsGroup, endpointSliceGroup, podGroup, serviceNameLabel } from "./pod-groups.ts";

/** The roles. */
export const roleNames = ["node", "pod", "service", "endpoints", "endpointslice", "ingress"] as const;
/** One of the roles. */
export type RoleName = (typeof roleNames)[number];

/** Collections that may be followed, with where they are. */
export const collections = {
  node: ["/api/v1", "nodes"],
  namespace: ["/api/v1", "namespaces"],
  pod: ["/api/v1", "pods"],
  service: ["/api/v1", "services"],
  endpoints: ["/api/v1", "endpoints"],
  endpointslice: ["/apis/discovery.k8s.io/v1", "endpointslices"],
  ingress: ["/apis/networking.k8s.io/v1", "ingresses"],
  replicaset: ["/apis/apps/v1", "replicasets"],
  job: ["/apis/batch/v1", "jobs"],
} as const;

/** A collection. */
export type CollectionName = keyof typeof collections;

/** A change of an object that a role looks things up in. */
export interface Change {
  readonly collection: CollectionName;
  readonly event: KubeEvent;
  readonly object: KubeObject;
  readonly before: KubeObject | undefined;
}

/** A role. */
export interface Role {
  /** The collections it looks things up in, whatever is attached besides. */
  readonly needs: readonly ("pod" | "service")[];
  /** Roles whose selectors a section may set. */
  readonly selectable: readonly RoleName[];
  /** How the sources of its groups begin. */
  readonly sourcePrefix: string;
  /** The group of an object; null when nothing can be said of it yet. */
  readonly group: (object: KubeObject, copies: Copies) => TargetGroup | null;
  /** Whether a change touches the group of `object`. */
  readonly isTouched: (object: KubeObject, change: Change) => boolean;
}

function nodesOf(
  endpoints: readonly { readonly nodeName?: string; readonly targetRef?: { kind?: string; name?: string } }[],
): (string | undefined)[] {
  return endpoints.map(({ nodeName, targetRef }) => (targetRef?.kind === "Node" ? targetRef.name : nodeName));
}

function sameMeta(a: KubeObject | undefined, b: KubeObject): boolean {
  const shown = (object: KubeObject | undefined): string =>
    JSON.stringify([object?.metadata?.labels, object?.metadata?.annotations]);
  return shown(a) === shown(b);
}

/** A node or namespace matters when it comes, goes, or changes its labels: not with every heartbeat. */
function matters({ event, object, before }: Change): boolean {
  return event !== "update" || !sameMeta(before, object);
}

function inNamespace(object: KubeObject, change: Change): boolean {
  return matters(change) && object.metadata?.namespace === change.object.metadata?.name;
}

function addressesOf(endpoints: Endpoints) {
  return (endpoints.subsets ?? []).flatMap(({ addresses = [] }) => addresses);
}

function podTouched(object: KubeObject, change: Change): boolean {
  const { collection, object: changed } = change;
  switch (collection) {
    case "node":
      return matters(change) && (object as Pod).spec?.nodeName === changed.metadata?.name;
    case "namespace":
      return inNamespace(object, change);
    case "replicaset":
    case "job": {
      const owner = controllerOf(object);
      const kind = collection === "job" ? "Job" : "ReplicaSet";
      return (
        owner?.kind === kind && `${object.metadata?.namespace ?? ""}/${owner.name ?? ""}` === keyOf(changed)
      );
    }
    default:
      return false;
  }
}

function phaseOf(pod: Pod | undefined): string | undefined {
  return pod?.status?.phase;
}

function endpointsTouched(object: KubeObject, change: Change): boolean {
  const { collection, event, object: changed, before } = change;
  switch (collection) {
    case "service":
      return keyOf(object) === keyOf(changed);
    case "pod": {
      // A pod's phase may change without its endpoints changing.
      const isNewPhase = (changed as Pod).status?.phase !== phaseOf(before);
      if (event !== "update" || !isNewPhase) return false;
      const key = keyOf(changed);
      return addressesOf(object).some(
        ({ targetRef }) =>
          targetRef?.kind === "Pod" && `${targetRef.namespace ?? ""}/${targetRef.name ?? ""}` === key,
      );
    }
    case "node":
      return matters(change) && nodesOf(addressesOf(object)).includes(changed.metadata?.name);
    case "namespace":
      return inNamespace(object, change);
    default:
      return false;
  }
}

function sliceTouched(object: KubeObject, change: Change): boolean {
  const { collection, object: changed } = change;
  const { endpoints = [], metadata } = object as EndpointSlice;
  switch (collection) {
    case "service":
      return `${metadata?.namespace ?? ""}/${metadata?.labels?.[serviceNameLabel] ?? ""}` === keyOf(changed);
    case "node":
      return matters(change) && nodesOf(endpoints).includes(changed.metadata?.name);
    case "namespace":
      return inNamespace(object, change);
    default:
      return false;
  }
}

const namespaceOnly = (object: KubeObject, change: Change): boolean =>
  change.collection === "namespace" && inNamespace(object, change);

/** The table of roles. */
export const roles: Readonly<Record<RoleName, Role>> = {
  node: {
    needs: [],
    selectable: ["node"],
    sourcePrefix: "node/",
    group: (object) => nodeGroup(object),
    isTouched: () => false,
  },
  pod: {
    needs: [],
    selectable: ["pod", "node"],
    sourcePrefix: "pod/",
    group: podGroup,
    isTouched: podTouched,
  },
  service: {
    needs: [],
    selectable: ["service"],
    sourcePrefix: "svc/",
    group: serviceGroup,
    isTouched: namespaceOnly,
  },
  endpoints: {
    needs: ["service", "pod"],
    selectable: ["pod", "service", "endpoints"],
    sourcePrefix: "endpoints/",
    group: endpointsGroup,
    isTouched: endpointsTouched,
  },
  endpointslice: {
    needs: ["service", "pod"],
    selectable: ["pod", "service", "endpointslice"],
    sourcePrefix: "endpointslice/",
    group: endpointSliceGroup,
    isTouched: sliceTouched,
  },
  ingress: {
    needs: [],
    selectable: ["ingress"],
    sourcePrefix: "ingress/",
    group: ingressGroup,
    isTouched: namespaceOnly,
  },
};
