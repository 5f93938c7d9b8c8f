/**
 * Follows all nodes below some paths of ZooKeeper.
 *
 * Idea: reading a node with its children sets watches; what a watch tells of is read again. When the session
 * ends, the next server is asked and everything read anew, so nothing that happened meanwhile is missed.
 *
 * Invariant: `onNode` is told of every node whose data is new, and with null of every node that went.
 */

import type { MechanismContext } from "../mechanism.ts";
import { NoNodeError, ZookeeperSession } from "./zookeeper-session.ts";

/** Is told of a node's data, or with null that it went. */
export type NodeListener = (path: string, data: Uint8Array | null) => void;

/** What to follow. */
export interface TreePlan {
  readonly servers: readonly string[];
  readonly paths: readonly string[];
  readonly timeoutMs: number;
}

const retryMs = 1_000;

/** Follows until `signal` aborts. */
export async function followTree(
  plan: TreePlan,
  context: MechanismContext,
  onNode: NodeListener,
  signal: AbortSignal,
): Promise<void> {
  const known = new Map<string, string>();
  for (let turn = 0; !signal.aborted; turn++) {
    const server = plan.servers[turn % plan.servers.length] ?? "";
    try {
      await new TreeSession(plan, server, known, onNode, context).run(signal);
    } catch (error) {
      if (signal.aborted) return;
      context.metrics.count?.("prometheus_treecache_zookeeper_failures_total");
      context.logger.error("Error during processing of Zookeeper event", { server, err: error });
      await context.clock.sleep(retryMs, signal);
    }
  }
}

class TreeSession {
  readonly #plan: TreePlan;
  readonly #known: Map<string, string>;
  readonly #onNode: NodeListener;
  readonly #session: ZookeeperSession;
  readonly #changed = new Set<string>();
  #wake: () => void = () => {};
  #failure: Error | null = null;
  #missingRoot: Error | null = null;

  constructor(
    plan: TreePlan,
    server: string,
    known: Map<string, string>,
    onNode: NodeListener,
    { clock }: MechanismContext,
  ) {
    this.#plan = plan;
    this.#known = known;
    this.#onNode = onNode;
    this.#session = new ZookeeperSession(server, plan.timeoutMs, clock, {
      onChange: (path) => {
        this.#changed.add(path);
        this.#wake();
      },
      onEnd: (error) => {
        this.#failure = error;
        this.#wake();
      },
    });
  }

  /** Reads everything, then what changes. Rejects when the session ends. */
  async run(signal: AbortSignal): Promise<void> {
    const stop = (): void => {
      this.#session.close();
      this.#wake();
    };
    signal.addEventListener("abort", stop);
    try {
      const seen = new Set<string>();
      for (const path of this.#plan.paths) await this.#read(path, seen);
      for (const path of this.#known.keys()) if (!seen.has(path)) this.#forget(path);
      this.#checkRoots();
      while (!signal.aborted) {
        if (this.#failure !== null) throw this.#failure;
        const [path] = this.#changed;
        if (path === undefined) {
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
            if (signal.aborted || this.#failure !== null || this.#changed.size > 0) resolve();
          });
          continue;
        }
        this.#changed.delete(path);
        await this.#readAgain(path);
      }
    } finally {
      signal.removeEventListener("abort", stop);
      this.#session.close();
    }
  }

  async #readAgain(path: string): Promise<void> {
    const seen = new Set<string>();
    await this.#read(path, seen);
    const below = path === "/" ? "/" : `${path}/`;
    for (const one of this.#known.keys()) {
      if ((one === path || one.startsWith(below)) && !seen.has(one)) this.#forget(one);
    }
    this.#checkRoots();
  }

  /** A path that is not there cannot be watched: the next session asks for it again. */
  #checkRoots(): void {
    if (this.#missingRoot !== null) throw this.#missingRoot;
  }

  async #read(path: string, seen: Set<string>): Promise<void> {
    try {
      const data = await this.#session.data(path);
      const text = new TextDecoder("latin1").decode(data);
      seen.add(path);
      if (this.#known.get(path) !== text) {
        this.#known.set(path, text);
        this.#onNode(path, data);
      }
      const children = await this.#session.children(path);
      for (const name of children) await this.#read(path === "/" ? `/${name}` : `${path}/${name}`, seen);
    } catch (error) {
      // It went while it was read.
      if (!(error instanceof NoNodeError)) throw error;
      if (this.#plan.paths.includes(path)) this.#missingRoot = error;
    }
  }

  #forget(path: string): void {
    this.#known.delete(path);
    this.#onNode(path, null);
  }
}
