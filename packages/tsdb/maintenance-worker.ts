/**
 * The maintenance worker: a thread of low priority that does tasks of maintenance.ts one after the other, and
 * the main thread's handle on it.
 *
 * The module is both: imported on the main thread it offers `startMaintenance`; started as a worker it
 * serves.
 */

import { Arena } from "@narthex/kernel/arena";
import type { SharedMemory } from "@narthex/kernel/web-assembly";
import { systemDisk } from "@narthex/platform/disk";
import { systemRandom } from "@narthex/platform/random";
import { isWorkerNamed, lowerThreadPriority, startWorker, workerPort } from "@narthex/platform/worker";
import {
  runMaintenance,
  type Maintenance,
  type MaintenanceResult,
  type MaintenanceTask,
} from "./maintenance.ts";

/** Name of the thread. */
const workerName = "maintenance";

interface Setup {
  readonly memory: SharedMemory;
  readonly headRootAt: number;
  readonly slot: number;
  readonly directory: string;
}

interface Ask {
  readonly id: number;
  readonly task: MaintenanceTask;
}

interface Answer {
  readonly id: number;
  readonly result?: MaintenanceResult;
  readonly error?: { readonly message: string; readonly code: string };
}

/**
 * A maintenance worker on the machine's disk. When it dies its tasks reject, and the next task starts
 * another.
 */
export function startMaintenance(
  arena: Arena,
  headRootAt: number,
  slot: number,
  directory: string,
): Maintenance {
  const setup: Setup = { memory: arena.memory, headRootAt, slot, directory };
  const waiting = new Map<
    number,
    { resolve: (result: MaintenanceResult) => void; reject: (error: Error) => void }
  >();
  let nextId = 1;
  let handle: ReturnType<typeof startWorker> | null = null;
  const start = (): ReturnType<typeof startWorker> => {
    const started = startWorker(import.meta.url, workerName, setup);
    started.onMessage((message) => {
      const { id, result = null, error } = message as Answer;
      const asked = waiting.get(id);
      waiting.delete(id);
      if (error === undefined) asked?.resolve(result);
      else asked?.reject(Object.assign(new Error(error.message), { code: error.code }));
    });
    started.onEnd((error) => {
      handle = null;
      for (const { reject } of waiting.values()) reject(error ?? new Error("maintenance worker stopped"));
      waiting.clear();
    });
    return started;
  };
  return {
    run: (task) =>
      new Promise((resolve, reject) => {
        const id = nextId++;
        waiting.set(id, { resolve, reject });
        handle ??= start();
        handle.post({ id, task } satisfies Ask);
      }),
    stop: async () => {
      await handle?.stop();
    },
  };
}

function serve(): void {
  const port = workerPort();
  lowerThreadPriority();
  const { memory, headRootAt, slot, directory } = port.data as Setup;
  const site = {
    arena: Arena.attach(memory),
    headRootAt,
    slot,
    directory,
    disk: systemDisk,
    random: systemRandom,
  };
  port.onMessage((message) => {
    const { id, task } = message as Ask;
    try {
      port.post({ id, result: runMaintenance(site, task) } satisfies Answer);
    } catch (error) {
      const code = (error as { code?: string }).code ?? "";
      port.post({
        id,
        error: { message: error instanceof Error ? error.message : String(error), code },
      } satisfies Answer);
    }
  });
}

if (isWorkerNamed(workerName)) serve();
