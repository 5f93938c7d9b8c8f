/**
 * The query log: `global.query_log_file`, a JSON object per query that was evaluated.
 *
 * The file is opened anew at every reload, so that it can be moved away. A line that cannot be written is
 * counted, and no reason to fail a query.
 */

import type { Clock } from "@narthex/platform/clock";
import type { Disk, DiskFile } from "@narthex/platform/disk";
import { escapedJson } from "./api/envelope.ts";

/** One query that is over. Times are milliseconds. */
export interface LoggedQuery {
  readonly query: string;
  readonly startMs: number;
  readonly endMs: number;
  /** 0 for an instant query. */
  readonly stepMs: number;
  /** Why it failed, null when it did not. */
  readonly error: string | null;
  /** Its statistics as JSON. */
  readonly statisticsJson: string;
  readonly clientIp: string;
  readonly method: string;
  readonly path: string;
}

const encoder = new TextEncoder();

/** Writes lines while a file is set. */
export class QueryLog {
  readonly #disk: Disk;
  readonly #clock: Clock;
  #file: DiskFile | null = null;
  /** Lines that could not be written. */
  failures = 0;

  constructor(disk: Disk, clock: Clock) {
    this.#disk = disk;
    this.#clock = clock;
  }

  get isOpen(): boolean {
    return this.#file !== null;
  }

  /** Opens `path` for appending and closes the file before; "" for none. Throws when it cannot be opened. */
  setFile(path: string): void {
    const file = path === "" ? null : this.#open(path);
    this.close();
    this.#file = file;
  }

  close(): void {
    this.#file?.close();
    this.#file = null;
  }

  write(query: LoggedQuery): void {
    const file = this.#file;
    if (file === null) return;
    try {
      file.write(encoder.encode(line(query, this.#clock.nowMs())));
    } catch {
      this.failures++;
    }
  }

  #open(path: string): DiskFile {
    try {
      return this.#disk.open(path, "append");
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new Error(`can't create json log file: ${why}`, { cause });
    }
  }
}

function line(logged: LoggedQuery, nowMs: number): string {
  const { query, startMs, endMs, stepMs, error, statisticsJson, clientIp, method, path } = logged;
  const params = {
    end: logDate(endMs),
    query: query.toWellFormed(),
    start: logDate(startMs),
    step: Math.trunc(stepMs / 1000),
  };
  const head = {
    time: new Date(nowMs).toISOString(),
    level: "INFO",
    source: "query-log.ts",
    msg: "promql query logged",
    params,
    ...(error === null ? {} : { error: error.toWellFormed() }),
  };
  const tail = {
    spanID: "0000000000000000",
    traceID: "00000000000000000000000000000000",
    httpRequest: { clientIP: clientIp, method, path },
  };
  return `${escapedJson(head).slice(0, -1)},"stats":${statisticsJson},${escapedJson(tail).slice(1)}\n`;
}

/** ISO 8601 with milliseconds; what lies beyond its years shows as the nearest that does not. */
function logDate(timeMs: number): string {
  return new Date(Math.max(-62_135_596_800_000, Math.min(253_402_300_799_999, timeMs))).toISOString();
}
