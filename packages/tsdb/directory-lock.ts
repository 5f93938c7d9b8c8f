/**
 * The lock of a data directory: a file `lock`.
 *
 * The original holds an advisory lock (flock) on an empty file; Node can see that one (on Linux) but not take
 * it. We write our process id into the file, and the directory is ours while that process lives. A server of
 * the original that is started on a directory of ours is not stopped by this; the other way round is.
 */

import type { Disk } from "@narthex/platform/disk";
import { fileLockHolder } from "@narthex/platform/file-lock";
import { isProcessAlive, processId } from "@narthex/platform/machine";

/** Someone else has the directory. The text is the original's. */
export class DirectoryLockedError extends Error {
  override readonly name = "DirectoryLockedError";
  readonly code = "DIRECTORY_LOCKED";
}

/** A lock that is held. */
export interface DirectoryLock {
  /** Whether the last owner had released it. */
  readonly wasClean: boolean;
  release(): void;
}

/** Takes the lock of `directory`. Throws `DirectoryLockedError` or the disk's error. */
export function lockDirectory(disk: Disk, directory: string): DirectoryLock {
  const path = `${directory}/lock`;
  const wasClean = !disk.exists(path);
  if (!wasClean) {
    const owner = Number(new TextDecoder().decode(disk.readFile(path)).trim());
    const holder = owner > 0 && isProcessAlive(owner) ? owner : fileLockHolder(path);
    if (holder !== null && holder !== processId()) {
      throw new DirectoryLockedError(
        `lock DB directory: resource temporarily unavailable (process ${holder} holds ${path})`,
      );
    }
  }
  disk.writeFile(path, new TextEncoder().encode(`${processId()}\n`));
  return { wasClean, release: () => disk.remove(path) };
}
