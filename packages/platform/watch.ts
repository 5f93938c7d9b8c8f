/**
 * Notices when something changes in a directory: the only place that asks the system for file events.
 *
 * Events are hints: one change may give several, and some systems give none. Whoever watches also looks now
 * and then.
 */

import { watch } from "node:fs";

/** A running watch. Closing twice is fine. */
export interface Watch {
  close(): void;
}

/**
 * Starts watching `directory`; `onChange` runs after each change, `onError` when the watch ends by itself.
 */
export type StartWatch = (directory: string, onChange: () => void, onError: (error: Error) => void) => Watch;

/** Watches with the system's events. Throws the system's error when the directory cannot be watched. */
export const watchDirectory: StartWatch = (directory, onChange, onError) => {
  const watcher = watch(directory, { persistent: false }, () => onChange());
  watcher.on("error", onError);
  return { close: () => watcher.close() };
};
