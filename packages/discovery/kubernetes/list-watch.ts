/**
 * Keeps a copy of all objects of one kind: lists them, then follows their changes.
 *
 *   API server → LIST WATCH → role (events) → groups
 *
 * 1. List, in pages, and note the resource version of the answer; what is not listed any more is deleted.
 * 2. Watch from that version on. Bookmarks move the version along without a change.
 * 3. A watch that ends is begun again at the last version. When the server no longer knows that version
 *   (410), or the watch fails, the list is taken anew.
 *
 * Invariant: a listener sees every object of the copy once as added, then its changes, and at last its
 * deletion.
 */

import type { Clock } from "@narthex/platform/clock";
import type { Logger } from "@narthex/platform/logger";
import { bodyText } from "@narthex/http/client";
import { FetchError } from "@narthex/http/fetch-error";
import type { KubeApi } from "./kube-api.ts";
import { keyOf, type KubeObject } from "./objects.ts";

/** What happened to an object. */
export type KubeEvent = "add" | "update" | "delete";

/** Is told what changes; `before` is the object as it was. */
export type KubeListener = (event: KubeEvent, object: KubeObject, before: KubeObject | undefined) => void;

/** What to follow. */
export interface ListWatchPlan {
  readonly api: KubeApi;
  /** Path of the collection. */
  readonly path: string;
  readonly labelSelector: string;
  readonly fieldSelector: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Counts a list or watch that failed. */
  readonly onFailure: () => void;
}

interface ObjectList {
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string };
  readonly items?: readonly KubeObject[];
}

interface WatchLine {
  readonly type?: string;
  readonly object?: KubeObject & { readonly code?: number; readonly message?: string };
}

const pageItems = 500;
const watchSeconds = 300;
const firstBackoffMs = 800;
const maxBackoffMs = 30_000;
const maxLineBytes = 64 * 1_048_576;

/** The server no longer knows the version that was asked for. */
class ExpiredError extends Error {
  override readonly name = "ExpiredError";
}

/** A copy that follows the server. */
export class ListWatch {
  readonly #plan: ListWatchPlan;
  readonly #objects = new Map<string, KubeObject>();
  #version = "0";
  #backoffMs = firstBackoffMs;
  readonly #listeners: KubeListener[] = [];
  #markSynced: () => void = () => {};
  /** Resolves after the first list. */
  readonly synced: Promise<void>;

  constructor(plan: ListWatchPlan) {
    this.#plan = plan;
    this.synced = new Promise((resolve) => {
      this.#markSynced = resolve;
    });
  }

  /** The object of a key. */
  get(key: string): KubeObject | undefined {
    return this.#objects.get(key);
  }

  /** All objects by key. */
  objects(): ReadonlyMap<string, KubeObject> {
    return this.#objects;
  }

  /** Lets `listener` be told of every change from now on. Before `run`. */
  listen(listener: KubeListener): void {
    this.#listeners.push(listener);
  }

  /** Follows until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#list(signal);
        this.#markSynced();
        await this.#watchOn(signal);
      } catch (error) {
        if (signal.aborted) break;
        if (!(error instanceof ExpiredError)) {
          this.#plan.onFailure();
          this.#plan.logger.error("Failed to list or watch", { path: this.#plan.path, err: error });
          await this.#pause(signal);
        }
        this.#version = "";
      }
    }
    this.#markSynced();
  }

  async #list(signal: AbortSignal): Promise<void> {
    const seen = new Set<string>();
    let next = "";
    let version = "";
    do {
      const list = await this.#page(next, signal);
      for (const object of list.items ?? []) {
        seen.add(keyOf(object));
        this.#put(object);
      }
      version = list.metadata?.resourceVersion ?? "";
      next = list.metadata?.continue ?? "";
    } while (next !== "");
    for (const key of this.#objects.keys()) if (!seen.has(key)) this.#remove(key);
    this.#version = version;
  }

  async #page(next: string, signal: AbortSignal): Promise<ObjectList> {
    const { api, path } = this.#plan;
    const answer = await api.get({
      path,
      query: {
        ...this.#selectors(),
        limit: String(pageItems),
        ...(next === "" ? { resourceVersion: this.#version || undefined } : { continue: next }),
      },
      headers: ["accept-encoding", "gzip"],
      signal,
    });
    if (answer.status === 410) throw new ExpiredError("the list expired");
    if (answer.status !== 200)
      throw new Error(`list ${path}: ${answer.statusText}: ${statusText(bodyText(answer))}`);
    return JSON.parse(bodyText(answer)) as ObjectList;
  }

  async #watchOn(signal: AbortSignal): Promise<void> {
    const { clock, logger, path, onFailure } = this.#plan;
    while (!signal.aborted) {
      const startMs = clock.monotonicMs();
      let events = 0;
      try {
        events = await this.#watch(signal);
      } catch (error) {
        // A connection that broke off is no reason to doubt the copy: go on where it ended.
        if (!(error instanceof FetchError) || signal.aborted) throw error;
        onFailure();
        logger.warn("Watch ended", { path, err: error });
      }
      if (events > 0 || clock.monotonicMs() - startMs > 1_000) this.#backoffMs = firstBackoffMs;
      else await this.#pause(signal);
    }
  }

  /** One watch; tells how many lines it brought. */
  async #watch(signal: AbortSignal): Promise<number> {
    const { api, path } = this.#plan;
    const lines = new JsonLines();
    let count = 0;
    let fault: Error | null = null;
    const take = (bytes: Uint8Array): void => {
      try {
        for (const line of lines.push(bytes)) {
          count++;
          this.#take(line as WatchLine);
        }
      } catch (error) {
        fault = error as Error;
        throw error;
      }
    };
    const asked = api.get({
      path,
      query: {
        ...this.#selectors(),
        watch: "true",
        allowWatchBookmarks: "true",
        resourceVersion: this.#version,
        timeoutSeconds: String(watchSeconds),
      },
      signal,
      timeoutMs: (watchSeconds + 30) * 1000,
      onBody: take,
    });
    // What ended the watch from within says more than that it ended.
    const answer = await asked.catch((error: unknown) => {
      throw fault ?? error;
    });
    if (answer.status === 410) throw new ExpiredError("the version expired");
    if (answer.status !== 200) throw new Error(`watch ${path}: ${answer.statusText}`);
    return count;
  }

  #selectors(): Record<string, string | undefined> {
    const { labelSelector, fieldSelector } = this.#plan;
    return { labelSelector: labelSelector || undefined, fieldSelector: fieldSelector || undefined };
  }

  #take({ type, object }: WatchLine): void {
    if (object === undefined) return;
    switch (type) {
      case "ADDED":
      case "MODIFIED":
        this.#put(object);
        break;
      case "DELETED":
        this.#remove(keyOf(object));
        break;
      case "ERROR":
        if (object.code === 410) throw new ExpiredError(object.message ?? "the version expired");
        throw new Error(`watch ${this.#plan.path}: ${object.message ?? "the server reports an error"}`);
      default:
        if (type !== "BOOKMARK") return;
    }
    this.#version = object.metadata?.resourceVersion ?? this.#version;
  }

  #put(object: KubeObject): void {
    const key = keyOf(object);
    const before = this.#objects.get(key);
    const version = object.metadata?.resourceVersion;
    if (before !== undefined && version !== undefined && version === before.metadata?.resourceVersion) return;
    // The record of who set which field is long and of no use here.
    if (object.metadata !== undefined) delete (object.metadata as { managedFields?: unknown }).managedFields;
    this.#objects.set(key, object);
    this.#tell(before === undefined ? "add" : "update", object, before);
  }

  #remove(key: string): void {
    const before = this.#objects.get(key);
    if (before === undefined) return;
    this.#objects.delete(key);
    this.#tell("delete", before, before);
  }

  #tell(event: KubeEvent, object: KubeObject, before: KubeObject | undefined): void {
    for (const listener of this.#listeners) listener(event, object, before);
  }

  async #pause(signal: AbortSignal): Promise<void> {
    await this.#plan.clock.sleep(this.#backoffMs, signal);
    this.#backoffMs = Math.min(maxBackoffMs, this.#backoffMs * 2);
  }
}

/** Cuts a body into lines of JSON as it comes. */
class JsonLines {
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  readonly #decoder = new TextDecoder();

  push(bytes: Uint8Array): unknown[] {
    const found: unknown[] = [];
    let from = 0;
    for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, from)) {
      this.#keep(bytes.subarray(from, at));
      const text = this.#text();
      if (text.trim() !== "") found.push(JSON.parse(text));
      from = at + 1;
    }
    this.#keep(bytes.subarray(from));
    return found;
  }

  #keep(bytes: Uint8Array): void {
    this.#pending.push(bytes);
    this.#pendingBytes += bytes.length;
    if (this.#pendingBytes > maxLineBytes) throw new Error("an event is longer than allowed");
  }

  #text(): string {
    const text = this.#pending.map((part) => this.#decoder.decode(part, { stream: true })).join("");
    this.#pending = [];
    this.#pendingBytes = 0;
    return text + this.#decoder.decode();
  }
}

/** The message of a `Status` object. */
function statusText(body: string): string {
  try {
    const { message } = JSON.parse(body) as { message?: unknown };
    if (typeof message === "string") return message;
  } catch {
    // Not JSON: shown as it is.
  }
  return body.trim().slice(0, 300);
}
