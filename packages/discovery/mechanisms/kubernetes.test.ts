import assert from "node:assert/strict";
import { test } from "node:test";
import type { KubeObject } from "../kubernetes/objects.ts";
import { TestCluster } from "../kubernetes/test-cluster.ts";
import {
  refusal,
  shortNames,
  targetsOf,
  watching,
  withApi,
  type SeenRequest,
  type Watched,
} from "../test-world.ts";
import { kubernetes } from "./kubernetes.ts";

const core = (name: string) => `/api/v1/${name}`;
const meta = (name: string, more: object = {}) => ({ namespace: "ns", name, ...more });

const pod = (name: string, more: { meta?: object; status?: object } = {}): KubeObject =>
  ({
    metadata: meta(name, { uid: "u1", labels: { app: "a" }, ...more.meta }),
    spec: {
      nodeName: "node1",
      containers: [
        {
          name: "main",
          image: "img",
          ports: [
            { name: "http", containerPort: 80, protocol: "TCP" },
            { containerPort: 81, protocol: "TCP" },
          ],
        },
        { name: "bare", image: "img2" },
      ],
      initContainers: [{ name: "init", image: "img3", ports: [{ containerPort: 90, protocol: "UDP" }] }],
    },
    status: {
      phase: "Running",
      podIP: "10.0.0.1",
      hostIP: "10.9.0.1",
      conditions: [{ type: "Ready", status: "True" }],
      containerStatuses: [{ name: "main", containerID: "docker://1" }],
      ...more.status,
    },
  }) as KubeObject;

const podLabels = {
  pod_host_ip: "10.9.0.1",
  pod_ip: "10.0.0.1",
  pod_label_app: "a",
  pod_labelpresent_app: "true",
  pod_name: "p",
  pod_node_name: "node1",
  pod_phase: "Running",
  pod_ready: "true",
  pod_uid: "u1",
};

const node = (labels: object = {}): KubeObject =>
  ({
    metadata: { name: "node1", labels, annotations: { "a/b": "" } },
    spec: { providerID: "aws:///1" },
    status: {
      addresses: [
        { type: "Hostname", address: "host1" },
        { type: "InternalIP", address: "10.9.0.1" },
      ],
      conditions: [{ type: "Ready", status: "True" }],
      daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
    },
  }) as KubeObject;

const service = (more: object = {}): KubeObject =>
  ({
    metadata: meta("svc", { labels: { s: "1" } }),
    spec: {
      type: "ClusterIP",
      clusterIP: "10.5.0.1",
      ports: [{ name: "web", port: 80, protocol: "TCP" }],
      ...more,
    },
  }) as KubeObject;

async function scene(
  section: object,
  fill: (cluster: TestCluster) => void,
  run: (watched: Watched, cluster: TestCluster, seen: readonly SeenRequest[]) => Promise<void>,
): Promise<void> {
  const cluster = new TestCluster();
  fill(cluster);
  await withApi(cluster.replay, async (url, seen) => {
    await watching(kubernetes, { api_server: url, ...section }, async (watched) => {
      await watched.until(() => watched.groups.size > 0 || watched.errors.length > 0);
      assert.deepEqual(watched.errors, []);
      await run(watched, cluster, seen);
    });
  });
}

const shown = ({ groups }: Watched) =>
  targetsOf(groups).map((target) => shortNames(target, "__meta_kubernetes_"));
const addressesOf = (watched: Watched) => shown(watched).map((target) => target["__address__"]);

test("role node", async () => {
  const fill = (cluster: TestCluster) => cluster.put(core("nodes"), node({ zone: "z" }));
  await scene({ role: "node" }, fill, async (watched, cluster) => {
    assert.deepEqual(shown(watched), [
      {
        __address__: "10.9.0.1:10250",
        instance: "node1",
        node_address_Hostname: "host1",
        node_address_InternalIP: "10.9.0.1",
        node_annotationpresent_a_b: "true",
        node_condition_ready: "true",
        node_label_zone: "z",
        node_labelpresent_zone: "true",
        node_name: "node1",
        node_provider_id: "aws:///1",
      },
    ]);
    cluster.remove(core("nodes"), "node1");
    await watched.until(() => watched.groups.size === 0);
  });
});

test("role pod", async () => {
  const fill = (cluster: TestCluster) => {
    const owner = { kind: "ReplicaSet", name: "rs", controller: true };
    cluster.put(core("pods"), pod("p", { meta: { ownerReferences: [owner] } }));
    cluster.put(core("pods"), pod("starting", { status: { podIP: "" } }));
  };
  await scene({ role: "pod" }, fill, async (watched) => {
    assert.deepEqual(addressesOf(watched), ["10.0.0.1:80", "10.0.0.1:81", "10.0.0.1", "10.0.0.1:90"]);
    assert.deepEqual(shown(watched)[0], {
      __address__: "10.0.0.1:80",
      namespace: "ns",
      ...podLabels,
      pod_container_id: "docker://1",
      pod_container_image: "img",
      pod_container_init: "false",
      pod_container_name: "main",
      pod_container_port_name: "http",
      pod_container_port_number: "80",
      pod_container_port_protocol: "TCP",
      pod_controller_kind: "ReplicaSet",
      pod_controller_name: "rs",
    });
    assert.equal(shown(watched)[3]?.["pod_container_init"], "true");
  });
});

test("metadata of nodes, namespaces and owners is attached and kept up to date", async () => {
  const attach_metadata = { node: true, namespace: true, deployment: true, job: true, cronjob: true };
  const owned = (kind: string, name: string) => ({ ownerReferences: [{ kind, name, controller: true }] });
  const fill = (cluster: TestCluster) => {
    cluster.put(core("pods"), pod("p", { meta: owned("ReplicaSet", "rs") }));
    cluster.put(core("pods"), pod("q", { meta: owned("Job", "j") }));
    cluster.put(core("nodes"), node({ zone: "z" }));
    cluster.put(core("namespaces"), { metadata: { name: "ns", labels: { team: "t" } } });
    cluster.put("/apis/apps/v1/replicasets", { metadata: meta("rs", owned("Deployment", "d")) });
    cluster.put("/apis/batch/v1/jobs", { metadata: meta("j", owned("CronJob", "cj")) });
  };
  await scene({ role: "pod", attach_metadata }, fill, async (watched, cluster) => {
    const of = (name: string) => shown(watched).find((target) => target["pod_name"] === name) ?? {};
    assert.deepEqual(
      ["node_name", "node_label_zone", "namespace_label_team", "pod_deployment_name"].map(
        (label) => of("p")[label],
      ),
      ["node1", "z", "t", "d"],
    );
    assert.deepEqual([of("q")["pod_job_name"], of("q")["pod_cronjob_name"]], ["j", "cj"]);
    cluster.put(core("nodes"), node({ zone: "y" }));
    await watched.until(() => of("p")["node_label_zone"] === "y");
    cluster.put(core("namespaces"), { metadata: { name: "ns", labels: { team: "u" } } });
    await watched.until(() => of("p")["namespace_label_team"] === "u");
    cluster.put("/apis/apps/v1/replicasets", { metadata: meta("rs", owned("Deployment", "e")) });
    await watched.until(() => of("p")["pod_deployment_name"] === "e");
    cluster.remove(core("nodes"), "node1");
    await watched.until(() => watched.groups.size === 0);
  });
});

test("role service", async () => {
  const fill = (cluster: TestCluster) => cluster.put(core("services"), service());
  await scene({ role: "service" }, fill, async (watched, cluster) => {
    assert.deepEqual(shown(watched), [
      {
        __address__: "svc.ns.svc:80",
        namespace: "ns",
        service_cluster_ip: "10.5.0.1",
        service_label_s: "1",
        service_labelpresent_s: "true",
        service_name: "svc",
        service_port_name: "web",
        service_port_number: "80",
        service_port_protocol: "TCP",
        service_type: "ClusterIP",
      },
    ]);
    const first = () => shown(watched)[0] ?? {};
    cluster.put(core("services"), service({ type: "ExternalName", externalName: "x.example" }));
    await watched.until(() => first()["service_external_name"] === "x.example");
    assert.equal(first()["service_cluster_ip"], undefined);
    cluster.put(core("services"), {
      ...service({ type: "LoadBalancer" }),
      status: { loadBalancer: { ingress: [{ ip: "1.1.1.1" }, { ip: "2.2.2.2" }] } },
    } as KubeObject);
    await watched.until(() => first()["service_loadbalancer_ip"] === "1.1.1.1,2.2.2.2");
  });
});

test("role ingress", async () => {
  const fill = (cluster: TestCluster) =>
    cluster.put("/apis/networking.k8s.io/v1/ingresses", {
      metadata: meta("ing"),
      spec: {
        ingressClassName: "nginx",
        tls: [{ hosts: ["*.example.com"] }],
        rules: [{ host: "a.example.com", http: { paths: [{ path: "/x" }, {}] } }, { host: "example.com" }],
      },
    } as KubeObject);
  await scene({ role: "ingress" }, fill, async (watched) => {
    const common = { namespace: "ns", ingress_class_name: "nginx", ingress_name: "ing" };
    const at = (host: string, scheme: string, path: string) => ({
      __address__: host,
      ...common,
      ingress_host: host,
      ingress_path: path,
      ingress_scheme: scheme,
    });
    assert.deepEqual(shown(watched), [
      at("a.example.com", "https", "/x"),
      at("a.example.com", "https", "/"),
      at("example.com", "http", "/"),
    ]);
  });
});

test("role endpoints", async () => {
  const address = {
    ip: "10.0.0.1",
    nodeName: "node1",
    targetRef: { kind: "Pod", namespace: "ns", name: "p" },
  };
  const fill = (cluster: TestCluster) => {
    cluster.put(core("endpoints"), {
      metadata: meta("svc", { labels: { e: "1" } }),
      subsets: [
        {
          addresses: [address],
          notReadyAddresses: [{ ip: "10.0.0.7", hostname: "h7" }],
          ports: [{ name: "web", port: 80, protocol: "TCP" }],
        },
      ],
    } as KubeObject);
    cluster.put(core("pods"), pod("p"));
    cluster.put(core("services"), service());
  };
  await scene({ role: "endpoints" }, fill, async (watched, cluster) => {
    const common = {
      namespace: "ns",
      endpoints_label_e: "1",
      endpoints_labelpresent_e: "true",
      endpoints_name: "svc",
      service_label_s: "1",
      service_labelpresent_s: "true",
      service_name: "svc",
    };
    assert.deepEqual(shown(watched).slice(0, 2), [
      {
        __address__: "10.0.0.1:80",
        ...common,
        ...podLabels,
        endpoint_address_target_kind: "Pod",
        endpoint_address_target_name: "p",
        endpoint_node_name: "node1",
        endpoint_port_name: "web",
        endpoint_port_protocol: "TCP",
        endpoint_ready: "true",
        pod_container_image: "img",
        pod_container_init: "false",
        pod_container_name: "main",
        pod_container_port_name: "http",
        pod_container_port_number: "80",
        pod_container_port_protocol: "TCP",
      },
      {
        __address__: "10.0.0.7:80",
        ...common,
        endpoint_hostname: "h7",
        endpoint_port_name: "web",
        endpoint_port_protocol: "TCP",
        endpoint_ready: "false",
      },
    ]);
    assert.deepEqual(addressesOf(watched).slice(2), ["10.0.0.1:81", "10.0.0.1:90"]);
    cluster.put(core("pods"), pod("p", { status: { phase: "Failed" } }));
    await watched.until(() => shown(watched)[0]?.["pod_phase"] === "Failed");
    cluster.remove(core("services"), "ns/svc");
    await watched.until(() => shown(watched)[0]?.["service_name"] === undefined);
  });
});

test("role endpointslice", async () => {
  const slices = "/apis/discovery.k8s.io/v1/endpointslices";
  const slice = (addressType: string) =>
    ({
      metadata: meta(`s-${addressType}`, { labels: { "kubernetes.io/service-name": "svc" } }),
      addressType,
      endpoints: [
        {
          addresses: ["10.0.0.1"],
          conditions: { ready: true, serving: true, terminating: false },
          hostname: "h",
          nodeName: "node1",
          zone: "z",
          targetRef: { kind: "Pod", namespace: "ns", name: "p" },
          deprecatedTopology: { "a/b": "c" },
        },
      ],
      ports: [{ name: "web", port: 80, protocol: "TCP", appProtocol: "http" }],
    }) as KubeObject;
  const fill = (cluster: TestCluster) => {
    cluster.put(slices, slice("IPv4"));
    cluster.put(slices, slice("IPv6"));
    cluster.put(core("pods"), pod("p"));
    cluster.put(core("services"), service({ ipFamilyPolicy: "PreferDualStack", ipFamilies: ["IPv4"] }));
  };
  await scene({ role: "endpointslice" }, fill, async (watched, cluster) => {
    assert.deepEqual([...watched.groups.keys()], ["endpointslice/ns/s-IPv4"]);
    const [first = {}] = shown(watched);
    const own = Object.fromEntries(
      Object.entries(first).filter(([name]) => /^(?:endpointslice|service)_/u.test(name)),
    );
    assert.deepEqual(own, {
      endpointslice_address_target_kind: "Pod",
      endpointslice_address_target_name: "p",
      endpointslice_address_type: "IPv4",
      endpointslice_endpoint_conditions_ready: "true",
      endpointslice_endpoint_conditions_serving: "true",
      endpointslice_endpoint_conditions_terminating: "false",
      endpointslice_endpoint_hostname: "h",
      endpointslice_endpoint_node_name: "node1",
      endpointslice_endpoint_topology_a_b: "c",
      endpointslice_endpoint_topology_present_a_b: "true",
      endpointslice_endpoint_zone: "z",
      endpointslice_label_kubernetes_io_service_name: "svc",
      endpointslice_labelpresent_kubernetes_io_service_name: "true",
      endpointslice_name: "s-IPv4",
      endpointslice_port: "80",
      endpointslice_port_app_protocol: "http",
      endpointslice_port_name: "web",
      endpointslice_port_protocol: "TCP",
      service_label_s: "1",
      service_labelpresent_s: "true",
      service_name: "svc",
    });
    assert.deepEqual(addressesOf(watched), ["10.0.0.1:80", "10.0.0.1:81", "10.0.0.1:90"]);
    cluster.put(core("services"), service());
    await watched.until(() => watched.groups.size === 2);
  });
});

test("namespaces and selectors narrow what is asked for", async () => {
  const section = {
    role: "pod",
    namespaces: { names: ["one", "two"] },
    selectors: [{ role: "pod", label: "app in (a, b),!x", field: "spec.nodeName=n" }],
    attach_metadata: { node: true },
  };
  const fill = (cluster: TestCluster) => {
    cluster.put("/api/v1/namespaces/one/pods", pod("p"));
    cluster.put(core("nodes"), node());
  };
  await scene(section, fill, async (watched, _cluster, seen) => {
    assert.equal(watched.groups.size, 1);
    const lists = seen.filter(({ query }) => !query.has("watch"));
    assert.deepEqual(lists.map(({ path }) => path).toSorted(), [
      "/api/v1/namespaces/one/pods",
      "/api/v1/namespaces/two/pods",
      core("nodes"),
    ]);
    const ofPods = lists.find(({ path }) => path.endsWith("one/pods"))?.query;
    assert.deepEqual(
      [ofPods?.get("labelSelector"), ofPods?.get("fieldSelector")],
      ["app in (a, b),!x", "spec.nodeName=n"],
    );
  });
});

test("sections are checked", () => {
  const says = (yaml: string, why: string) => assert.equal(refusal(kubernetes, yaml), why, yaml);
  says("{}", "role missing (one of: pod, service, endpoints, endpointslice, node, ingress)");
  says("role: x", 'unknown Kubernetes SD role "x"');
  const server = "api_server: 'http://a'";
  says(
    `{role: pod, ${server}, kubeconfig_file: f}`,
    "cannot use 'kubeconfig_file' and 'api_server' simultaneously",
  );
  says(
    "{role: pod, bearer_token: x}",
    "to use custom HTTP client configuration please provide the 'api_server' URL explicitly",
  );
  says(
    "{role: pod, kubeconfig_file: f, bearer_token: x}",
    "cannot use a custom HTTP client configuration together with 'kubeconfig_file'",
  );
  says(
    `{role: pod, ${server}, namespaces: {own_namespace: true}}`,
    "cannot use 'api_server' and 'namespaces.own_namespace' simultaneously",
  );
  says("{role: pod, selectors: [{role: service}]}", "pod role supports only pod, node selectors");
  says("{role: pod, selectors: [{role: pod}, {role: pod}]}", "duplicated selector role: pod");
  says("{role: pod, selectors: [{role: pod, field: x}]}", "invalid selector: 'x'; can't understand 'x'");
  says(
    "{role: pod, selectors: [{role: pod, label: 'a in b'}]}",
    "unable to parse requirement: found 'a in b'",
  );
});
