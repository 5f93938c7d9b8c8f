import assert from "node:assert/strict";
import { createServer, type Socket } from "node:net";
import { test } from "node:test";
import { listening, refusal, shortNames, targetsOf, watching } from "../test-world.ts";
import { FrameReader, FrameSplitter, FrameWriter } from "../zookeeper/frames.ts";
import { nerve, serverset } from "./zookeeper.ts";

/** A small ZooKeeper: nodes by path, watches that fire once. */
class Keeper {
  readonly nodes = new Map<string, string>();
  readonly #watches = new Map<string, Set<Socket>>();
  readonly #sockets = new Set<Socket>();
  readonly server = createServer((socket) => this.#serve(socket));
  sessions = 0;

  set(path: string, data: string): void {
    const isNew = !this.nodes.has(path);
    this.nodes.set(path, data);
    this.#fire(path, isNew ? 1 : 3);
    if (isNew) this.#fire(path.slice(0, path.lastIndexOf("/")) || "/", 4);
  }

  remove(path: string): void {
    this.nodes.delete(path);
    this.#fire(path, 2);
    this.#fire(path.slice(0, path.lastIndexOf("/")) || "/", 4);
  }

  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #fire(path: string, type: number): void {
    for (const socket of this.#watches.get(path) ?? []) {
      socket.write(new FrameWriter().int(-1).long(-1n).int(0).int(type).int(3).text(path).frame());
    }
    this.#watches.delete(path);
  }

  #serve(socket: Socket): void {
    const splitter = new FrameSplitter();
    let isOpen = false;
    this.#sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => this.#sockets.delete(socket));
    socket.on("data", (bytes) => {
      for (const frame of splitter.push(bytes)) {
        if (isOpen) this.#answer(socket, new FrameReader(frame));
        else {
          isOpen = true;
          this.sessions++;
          socket.write(new FrameWriter().int(0).int(10_000).long(7n).bytes(new Uint8Array(16)).frame());
        }
      }
    });
  }

  #answer(socket: Socket, request: FrameReader): void {
    const xid = request.int();
    const operation = request.int();
    if (operation === 11 || operation === -11) {
      socket.write(new FrameWriter().int(xid).long(1n).int(0).frame());
      return;
    }
    const path = request.text();
    const watches = this.#watches.get(path) ?? new Set();
    this.#watches.set(path, watches.add(socket));
    const data = this.nodes.get(path);
    const head = new FrameWriter().int(xid).long(1n);
    if (data === undefined) socket.write(head.int(-101).frame());
    else if (operation === 4) socket.write(head.int(0).text(data).frame());
    else {
      const names = [...this.nodes.keys()]
        .filter((one) => one.startsWith(`${path}/`) && !one.slice(path.length + 1).includes("/"))
        .map((one) => one.slice(path.length + 1));
      head.int(0).int(names.length);
      for (const name of names) head.text(name);
      socket.write(head.frame());
    }
  }
}

const member = (host: string) =>
  JSON.stringify({
    serviceEndpoint: { host, port: 80 },
    additionalEndpoints: { "ad-min": { host, port: 81 } },
    status: "ALIVE",
    shard: 3,
  });

test("members of a server set come, change and go, also over a lost session", async () => {
  const keeper = new Keeper();
  keeper.nodes.set("/set", "");
  keeper.nodes.set("/set/a", member("h1"));
  await listening(keeper.server, async (port) => {
    const section = { servers: [`127.0.0.1:${port}`], paths: ["/set"] };
    await watching(serverset, section, async ({ groups, counted, until }) => {
      await until(() => groups.size === 1);
      assert.deepEqual(shortNames(targetsOf(groups)[0], "__meta_serverset_"), {
        __address__: "h1:80",
        endpoint_host: "h1",
        endpoint_host_ad_min: "h1",
        endpoint_port: "80",
        endpoint_port_ad_min: "81",
        path: "/set/a",
        shard: "3",
        status: "ALIVE",
      });
      const hosts = () =>
        targetsOf(groups)
          .map((target) => target["__meta_serverset_endpoint_host"])
          .join(" ");
      keeper.set("/set/b", member("h2"));
      await until(() => hosts() === "h1 h2");
      keeper.set("/set/a", member("h3"));
      await until(() => hosts() === "h3 h2");
      keeper.remove("/set/b");
      await until(() => hosts() === "h3");
      keeper.nodes.delete("/set/a");
      keeper.nodes.set("/set/c", member("h4"));
      keeper.cut();
      await until(() => hosts() === "h4");
      assert.equal(keeper.sessions, 2);
      assert.equal(counted.get("prometheus_treecache_zookeeper_failures_total"), 1);
    });
    keeper.cut();
  });
});

test("nerve; nodes without a member have no targets", async () => {
  const keeper = new Keeper();
  keeper.nodes.set("/n", "no JSON");
  keeper.nodes.set("/n/m", '{"host": "::1", "port": 9, "name": "x"}');
  await listening(keeper.server, async (port) => {
    await watching(nerve, { servers: [`127.0.0.1:${port}`], paths: ["/n"] }, async ({ groups, until }) => {
      await until(() => groups.size === 1);
      assert.deepEqual(shortNames(targetsOf(groups)[0], "__meta_nerve_"), {
        __address__: "[::1]:9",
        endpoint_host: "::1",
        endpoint_name: "x",
        endpoint_port: "9",
        path: "/n/m",
      });
    });
    keeper.cut();
  });
});

test("a server that is not there is counted; sections are checked", async () => {
  await watching(nerve, { servers: ["127.0.0.1:1"], paths: ["/n"] }, async ({ errors, until }) => {
    await until(() => errors.length > 0);
    assert.match(errors[0] ?? "", /connection refused/u);
  });
  assert.equal(refusal(nerve, "{}"), "nerve SD config must contain at least one Zookeeper server");
  assert.equal(refusal(serverset, "servers: [a]"), "serverset SD config must contain at least one path");
  assert.equal(
    refusal(serverset, "{servers: [a], paths: [x]}"),
    "serverset SD config paths must begin with '/': x",
  );
});
