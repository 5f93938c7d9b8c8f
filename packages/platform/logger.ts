/**
 * Structured log lines as the Prometheus programs write them: logfmt or JSON on standard error.
 *
 * `time=2026-01-02T03:04:05.678Z level=INFO source=scrape msg="…" key=value`
 * Errors are either logged or thrown, never both.
 */

import { writeSync } from "node:fs";
import type { Clock } from "./clock.ts";

/** The four levels, least to most severe. */
export const logLevels = ["debug", "info", "warn", "error"] as const;
/** One of the four levels. */
export type LogLevel = (typeof logLevels)[number];
/** What a log line may carry besides its message. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Writes log lines; children carry fields of their parent. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  child(fields: LogFields): Logger;
}

/** Settings of a logger; `write` receives whole lines with their newline. */
export interface LoggerOptions {
  readonly clock: Clock;
  readonly level?: LogLevel;
  readonly format?: "logfmt" | "json";
  readonly write?: (line: string) => void;
}

class LineLogger implements Logger {
  readonly #options: LoggerOptions;
  readonly #fields: LogFields;

  constructor(options: LoggerOptions, fields: LogFields) {
    this.#options = options;
    this.#fields = fields;
  }

  debug(message: string, fields?: LogFields): void {
    this.#log("debug", message, fields);
  }

  info(message: string, fields?: LogFields): void {
    this.#log("info", message, fields);
  }

  warn(message: string, fields?: LogFields): void {
    this.#log("warn", message, fields);
  }

  error(message: string, fields?: LogFields): void {
    this.#log("error", message, fields);
  }

  child(fields: LogFields): Logger {
    return new LineLogger(this.#options, { ...this.#fields, ...fields });
  }

  #log(level: LogLevel, message: string, fields: LogFields | undefined): void {
    const { clock, format = "logfmt", write = writeToStderr } = this.#options;
    if (logLevels.indexOf(level) < logLevels.indexOf(this.#options.level ?? "info")) return;
    const time = new Date(clock.nowMs()).toISOString();
    const all = { time, level: level.toUpperCase(), msg: message, ...this.#fields, ...fields };
    write(format === "json" ? jsonLine(all) : logfmtLine(all));
  }
}

/** A logger for `options`; the default writes logfmt at level info to standard error. */
export function createLogger(options: LoggerOptions): Logger {
  return new LineLogger(options, {});
}

/** A logger that writes nothing. For tests. */
export const silentLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLogger,
};

function writeToStderr(line: string): void {
  try {
    writeSync(2, line);
  } catch {
    // Standard error is closed or full: a log line is worth less than the process.
  }
}

function textOf(value: unknown): string {
  if (value instanceof Error) return value.message;
  if (typeof value === "string") return value;
  if (typeof value === "object" && value !== null) return JSON.stringify(value);
  return String(value);
}

function logfmtLine(fields: LogFields): string {
  const parts = Object.entries(fields).map(([key, value]) => {
    const text = textOf(value);
    return `${key}=${text === "" || /[\s"=\\\u0000-\u001f]/u.test(text) ? JSON.stringify(text) : text}`;
  });
  return `${parts.join(" ")}\n`;
}

function jsonLine(fields: LogFields): string {
  const plain = (_key: string, value: unknown): unknown => (value instanceof Error ? value.message : value);
  return `${JSON.stringify(fields, plain)}\n`;
}
