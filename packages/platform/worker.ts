/**
 * Worker threads as values: start one from a module, exchange messages, learn of its end.
 *
 * Messages are structured clones; shared memories and their views pass by reference. A worker that throws
 * ends, and its owner hears why through `onEnd`: it decides whether to start another.
 */

import { setPriority } from "node:os";
import {
  isMainThread,
  parentPort,
  threadId,
  Worker,
  workerData,
  type Transferable,
} from "node:worker_threads";

/** The owner's side of a worker. */
export interface WorkerHandle {
  post(message: unknown, transfer?: readonly ArrayBuffer[]): void;
  /** The one listener for messages of the worker. */
  onMessage(listener: (message: unknown) => void): void;
  /** The one listener for its end; `error` is null when it was asked to stop. */
  onEnd(listener: (error: Error | null) => void): void;
  /** Ends the worker wherever it is; resolves when it has ended. */
  stop(): Promise<void>;
}

/** The worker's side. */
export interface WorkerPort {
  /** What the owner handed in at the start. */
  readonly data: unknown;
  post(message: unknown, transfer?: readonly ArrayBuffer[]): void;
  onMessage(listener: (message: unknown) => void): void;
}

/** What a worker is started with. */
interface WorkerStart {
  readonly name: string;
  readonly data: unknown;
}

/** Starts the module at `url` in a thread of its own. */
export function startWorker(url: string, name: string, data: unknown): WorkerHandle {
  const worker = new Worker(new URL(url), { name, workerData: { name, data } satisfies WorkerStart });
  let stopping = false;
  let failure: Error | null = null;
  worker.on("error", (error) => {
    failure = error instanceof Error ? error : new Error(String(error));
  });
  return {
    post: (message, transfer = []) => worker.postMessage(message, transfer as Transferable[]),
    onMessage: (listener) => worker.on("message", listener),
    onEnd: (listener) =>
      worker.on("exit", (code) => {
        listener(stopping ? null : (failure ?? new Error(`worker ${name} ended with code ${code}`)));
      }),
    stop: async () => {
      stopping = true;
      await worker.terminate();
    },
  };
}

/** This thread's port to its owner. Throws on the main thread. */
export function workerPort(): WorkerPort {
  const port = parentPort;
  if (isMainThread || port === null) throw new Error("this module runs in a worker thread");
  return {
    data: (workerData as WorkerStart).data,
    post: (message, transfer = []) => port.postMessage(message, transfer as Transferable[]),
    onMessage: (listener) => port.on("message", listener),
  };
}

/** Lets other threads go first (Linux: this thread alone; elsewhere nothing). Never fails. */
export function lowerThreadPriority(): void {
  if (process.platform !== "linux" || threadId === 0) return;
  try {
    setPriority(0, 15);
  } catch {
    // Not allowed here: the work is done at normal priority.
  }
}

/** Whether this thread is a worker that was started under `name`. */
export function isWorkerNamed(name: string): boolean {
  return !isMainThread && (workerData as WorkerStart | null)?.name === name;
}
