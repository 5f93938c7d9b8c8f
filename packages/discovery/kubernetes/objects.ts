/**
 * Objects of the Kubernetes API, as far as discovery looks at them, and the labels that every one gives.
 * Everything may be absent: the API leaves out what is empty.
 */

import { sanitizeLabelName, type LabelFields } from "../target-labels.ts";

/** The prefix of all labels of this mechanism. */
export const kubernetesPrefix = "__meta_kubernetes_";

/** A map of texts. */
export type Texts = Readonly<Record<string, string>>;

/** Who made an object. */
export interface OwnerReference {
  readonly kind?: string;
  readonly name?: string;
  readonly controller?: boolean;
}

/** What every object has. */
export interface ObjectMeta {
  readonly name?: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly labels?: Texts;
  readonly annotations?: Texts;
  readonly ownerReferences?: readonly OwnerReference[];
}

/** Any object. */
export interface KubeObject {
  readonly metadata?: ObjectMeta;
}

/** A port of a container. */
export interface ContainerPort {
  readonly name?: string;
  readonly containerPort?: number;
  readonly protocol?: string;
}

/** A container of a pod. */
export interface Container {
  readonly name?: string;
  readonly image?: string;
  readonly ports?: readonly ContainerPort[];
}

/** How a container fares. */
export interface ContainerStatus {
  readonly name?: string;
  readonly containerID?: string;
}

/** A pod. */
export interface Pod extends KubeObject {
  readonly spec?: {
    readonly nodeName?: string;
    readonly containers?: readonly Container[];
    readonly initContainers?: readonly Container[];
  };
  readonly status?: {
    readonly phase?: string;
    readonly podIP?: string;
    readonly hostIP?: string;
    readonly conditions?: readonly { readonly type?: string; readonly status?: string }[];
    readonly containerStatuses?: readonly ContainerStatus[];
    readonly initContainerStatuses?: readonly ContainerStatus[];
  };
}

/** A node. */
export interface Node extends KubeObject {
  readonly spec?: { readonly providerID?: string };
  readonly status?: {
    readonly addresses?: readonly { readonly type?: string; readonly address?: string }[];
    readonly conditions?: readonly { readonly type?: string; readonly status?: string }[];
    readonly daemonEndpoints?: { readonly kubeletEndpoint?: { readonly Port?: number } };
  };
}

/** A service. */
export interface Service extends KubeObject {
  readonly spec?: {
    readonly type?: string;
    readonly clusterIP?: string;
    readonly externalName?: string;
    readonly loadBalancerIP?: string;
    readonly ipFamilyPolicy?: string;
    readonly ipFamilies?: readonly string[];
    readonly ports?: readonly {
      readonly name?: string;
      readonly port?: number;
      readonly protocol?: string;
    }[];
  };
  readonly status?: { readonly loadBalancer?: { readonly ingress?: readonly { readonly ip?: string }[] } };
}

/** What an endpoint stands for. */
export interface ObjectReference {
  readonly kind?: string;
  readonly namespace?: string;
  readonly name?: string;
}

/** An address of `Endpoints`. */
export interface EndpointAddress {
  readonly ip?: string;
  readonly hostname?: string;
  readonly nodeName?: string;
  readonly targetRef?: ObjectReference;
}

/** A port of endpoints of either form. */
export interface EndpointPort {
  readonly name?: string;
  readonly port?: number;
  readonly protocol?: string;
  readonly appProtocol?: string;
}

/** The endpoints of a service. */
export interface Endpoints extends KubeObject {
  readonly subsets?: readonly {
    readonly addresses?: readonly EndpointAddress[];
    readonly notReadyAddresses?: readonly EndpointAddress[];
    readonly ports?: readonly EndpointPort[];
  }[];
}

/** An endpoint of a slice. */
export interface SliceEndpoint {
  readonly addresses?: readonly string[];
  readonly conditions?: {
    readonly ready?: boolean;
    readonly serving?: boolean;
    readonly terminating?: boolean;
  };
  readonly hostname?: string;
  readonly nodeName?: string;
  readonly zone?: string;
  readonly targetRef?: ObjectReference;
  readonly deprecatedTopology?: Texts;
}

/** Some of the endpoints of a service. */
export interface EndpointSlice extends KubeObject {
  readonly addressType?: string;
  readonly endpoints?: readonly SliceEndpoint[];
  readonly ports?: readonly EndpointPort[];
}

/** An ingress. */
export interface Ingress extends KubeObject {
  readonly spec?: {
    readonly ingressClassName?: string;
    readonly tls?: readonly { readonly hosts?: readonly string[] }[];
    readonly rules?: readonly {
      readonly host?: string;
      readonly http?: { readonly paths?: readonly { readonly path?: string }[] };
    }[];
  };
}

/** `namespace/name`, or the name of an object without a namespace. */
export function keyOf({ metadata }: KubeObject): string {
  const name = metadata?.name ?? "";
  return metadata?.namespace === undefined || metadata.namespace === ""
    ? name
    : `${metadata.namespace}/${name}`;
}

/** The owner that controls an object. */
export function controllerOf(object: KubeObject): OwnerReference | undefined {
  return object.metadata?.ownerReferences?.find(({ controller }) => controller === true);
}

/** Labels for an object's own labels and annotations; `resource` begins their names. */
export function labelAndAnnotationFields(meta: ObjectMeta | undefined, resource: string): LabelFields {
  const fields: LabelFields = {};
  for (const [kind, entries] of [
    ["label", meta?.labels],
    ["annotation", meta?.annotations],
  ] as const) {
    for (const [name, value] of Object.entries(entries ?? {})) {
      const safe = sanitizeLabelName(name);
      fields[`${resource}_${kind}_${safe}`] = value;
      fields[`${resource}_${kind}present_${safe}`] = "true";
    }
  }
  return fields;
}

/** Labels for an object's name, its labels and annotations. */
export function metaFields(object: KubeObject, resource: string): LabelFields {
  const { metadata } = object;
  return { [`${resource}_name`]: metadata?.name, ...labelAndAnnotationFields(metadata, resource) };
}
