/**
 * An API server for tests: lists and watches collections as the real one does, with pages, bookmarks,
 * selectors noted and versions that expire.
 */

import type { Replay, SeenRequest } from "../test-world.ts";
import { keyOf, type KubeObject } from "./objects.ts";

type ServerResponse = SeenRequest["response"];

interface Collection {
  readonly objects: Map<string, KubeObject>;
  readonly watches: Set<ServerResponse>;
  /** Events with their versions, for watches that begin later. */
  readonly history: { readonly version: number; readonly line: string }[];
}

/** A cluster whose objects a test changes. */
export class TestCluster {
  readonly #collections = new Map<string, Collection>();
  #version = 100;
  /** Versions below this one are forgotten: 410. */
  oldestVersion = 0;
  /** Items of a page, whatever the client asks for. */
  pageItems = 500;
  /** How often each collection was listed. */
  readonly lists = new Map<string, number>();

  /** Puts an object into the collection at `path` and tells the watches. */
  put(path: string, object: KubeObject): void {
    const collection = this.#at(path);
    const key = keyOf(object);
    const isNew = !collection.objects.has(key);
    const versioned = this.#versioned(object);
    collection.objects.set(key, versioned);
    this.#tell(collection, isNew ? "ADDED" : "MODIFIED", versioned);
  }

  /** Deletes an object. */
  remove(path: string, key: string): void {
    const collection = this.#at(path);
    const object = collection.objects.get(key);
    collection.objects.delete(key);
    if (object !== undefined) this.#tell(collection, "DELETED", this.#versioned(object));
  }

  /** Takes an object away unseen, as while nobody watches. */
  removeUnseen(path: string, key: string): void {
    this.#version++;
    this.#at(path).objects.delete(key);
  }

  /** Sends raw text to all watches of a collection. */
  say(path: string, text: string): void {
    for (const watch of this.#at(path).watches) watch.write(text);
  }

  /** Ends all watches of a collection, cleanly or by cutting the connection. */
  endWatches(path: string, cuts = false): void {
    for (const watch of this.#at(path).watches) {
      if (cuts) watch.destroy();
      else watch.end();
    }
    this.#at(path).watches.clear();
  }

  /** The event that moves the version along. */
  bookmark(path: string): void {
    this.#version++;
    const object = { metadata: { resourceVersion: String(this.#version) } };
    this.say(path, `${JSON.stringify({ type: "BOOKMARK", object })}\n`);
  }

  /** Watches that are open. */
  watchCount(path: string): number {
    return this.#at(path).watches.size;
  }

  /** Answers requests. */
  readonly replay: Replay = (request) => {
    const collection = this.#at(request.path);
    return request.query.get("watch") === "true"
      ? this.#watch(request, collection)
      : this.#list(request, collection);
  };

  #list({ path, query }: SeenRequest, { objects }: Collection): object {
    this.lists.set(path, (this.lists.get(path) ?? 0) + 1);
    const start = Number(query.get("continue") ?? 0);
    const items = [...objects.values()].slice(start, start + this.pageItems);
    const end = start + items.length;
    const rest = end < objects.size ? { continue: String(end) } : {};
    return { kind: "List", metadata: { resourceVersion: String(this.#version), ...rest }, items };
  }

  #watch({ query, response }: SeenRequest, { watches, history }: Collection): undefined {
    response.writeHead(200, { "content-type": "application/json" });
    response.flushHeaders();
    if (Number(query.get("resourceVersion")) < this.oldestVersion) {
      const object = { kind: "Status", code: 410, message: "too old resource version" };
      response.end(`${JSON.stringify({ type: "ERROR", object })}\n`);
      return undefined;
    }
    for (const { version, line } of history) {
      if (version > Number(query.get("resourceVersion"))) response.write(line);
    }
    watches.add(response);
    response.on("close", () => watches.delete(response));
    return undefined;
  }

  #tell({ watches, history }: Collection, type: string, object: KubeObject): void {
    const line = `${JSON.stringify({ type, object })}\n`;
    history.push({ version: this.#version, line });
    // In two pieces: lines and reads need not agree.
    for (const watch of watches) {
      watch.write(line.slice(0, 20));
      watch.write(line.slice(20));
    }
  }

  #versioned(object: KubeObject): KubeObject {
    this.#version++;
    return { ...object, metadata: { ...object.metadata, resourceVersion: String(this.#version) } };
  }

  #at(path: string): Collection {
    const known = this.#collections.get(path);
    if (known !== undefined) return known;
    const made = { objects: new Map<string, KubeObject>(), watches: new Set<ServerResponse>(), history: [] };
    this.#collections.set(path, made);
    return made;
  }
}
