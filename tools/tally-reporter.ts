/**
 * Reporter for a run of node:test (tools/test.ts hands it the events): prints what failed, then what was
 * skipped and why, and closes with the line `N passed, N failed, N skipped`.
 *
 * Only leaves count: a suite, or a test that has subtests, is counted through its members. It counts itself
 * only when it broke by its own doing (a hook, or an assertion after its subtests). A `todo` counts as
 * skipped. A file that holds no test at all counts as failed, since it looks like a test and proves nothing.
 */

import { relative } from "node:path";
import { inspect } from "node:util";

/** The events of a test run that this reporter reads; the runner sends more. */
export interface TestEvent {
  readonly type: string;
  readonly data: TestEventData;
}

/** What the runner tells about one test, one line of output, or the run. */
export interface TestEventData {
  readonly name?: string;
  readonly nesting?: number;
  readonly file?: string;
  readonly line?: number;
  readonly skip?: string | boolean;
  readonly todo?: string | boolean;
  readonly message?: string;
  readonly details?: { readonly type?: string | undefined; readonly error?: unknown };
}

/** Folds test events into text; one object per run. */
export class Tally {
  passed = 0;
  failed = 0;
  /** Reason → names of the tests skipped for it. */
  readonly skipped = new Map<string, string[]>();
  /** File → the deepest level at which a test ended since the last one that ended above it. */
  readonly #deepest = new Map<string, number>();
  /** File → names of the tests begun and not yet ended, outermost first. */
  readonly #open = new Map<string, string[]>();

  /** The text to print for one event, often empty. */
  take({ type, data }: TestEvent): string {
    switch (type) {
      case "test:start":
        this.#begin(data);
        return "";
      case "test:pass":
      case "test:fail":
        return this.#end(type === "test:pass", data);
      case "test:stdout":
      case "test:stderr":
        return data.message ?? "";
      default:
        return "";
    }
  }

  /** The skipped tests by reason, loudly, and the tally as the last line. */
  close(): string {
    const lines: string[] = [];
    let skips = 0;
    for (const [reason, names] of this.skipped) {
      skips += names.length;
      lines.push(`SKIPPED ${names.length}: ${reason}`, ...names.map((name) => `  ${name}`));
    }
    lines.push(`${this.passed} passed, ${this.failed} failed, ${skips} skipped`);
    return `${lines.join("\n")}\n`;
  }

  #begin(data: TestEventData): void {
    const open = this.#open.get(data.file ?? "") ?? [];
    open.length = Math.min(open.length, data.nesting ?? 0);
    open.push(data.name ?? "");
    this.#open.set(data.file ?? "", open);
  }

  #end(passed: boolean, data: TestEventData): string {
    const file = data.file ?? "";
    const nesting = data.nesting ?? 0;
    const hadMembers = (this.#deepest.get(file) ?? -1) > nesting;
    this.#deepest.set(file, nesting);
    const name = this.#fullName(data);
    if (data.skip !== undefined && data.skip !== false) return this.#skip(name, data.skip, "no reason given");
    if (data.todo !== undefined && data.todo !== false) return this.#skip(name, data.todo, "to do");
    if (hadMembers || data.details?.type === "suite") {
      return passed || failedThroughMembers(data.details?.error) ? "" : this.#fail(name, data);
    }
    if (!passed) return this.#fail(name, data);
    if (nesting === 0 && isFileItself(data)) return this.#fail(name, data, "this file holds no test");
    this.passed++;
    return "";
  }

  #fullName(data: TestEventData): string {
    const above = (this.#open.get(data.file ?? "") ?? []).slice(0, data.nesting ?? 0);
    const place = data.file === undefined ? [] : [relative(process.cwd(), data.file)];
    return [...place, ...above, data.name ?? ""].join(" > ");
  }

  #skip(name: string, reason: string | boolean, otherwise: string): string {
    const key = typeof reason === "string" && reason !== "" ? reason : otherwise;
    const names = this.skipped.get(key) ?? [];
    names.push(name);
    this.skipped.set(key, names);
    return "";
  }

  #fail(name: string, data: TestEventData, why = describeError(data.details?.error)): string {
    this.failed++;
    const line = data.line === undefined ? "" : ` (line ${data.line})`;
    return `FAILED ${name}${line}\n${indent(why)}\n\n`;
  }
}

/** The runner wraps what a test threw: `failureType` says who failed, `cause` is what was thrown. */
function failedThroughMembers(error: unknown): boolean {
  return error instanceof Error && "failureType" in error && error.failureType === "subtestsFailed";
}

/** True when the runner reports the file as if it were a test, which it does when the file ran none. */
function isFileItself(data: TestEventData): boolean {
  const { file, name = "" } = data;
  if (file === undefined) return /\.test\.[jt]s$/.test(name);
  return file === name || relative(process.cwd(), file) === name;
}

/** Message, stack and causes of whatever was thrown, without the runner's wrapping. */
function describeError(error: unknown): string {
  const parts: string[] = [];
  let inner = error instanceof Error && "failureType" in error ? (error.cause ?? error) : error;
  while (inner instanceof Error && parts.length < 5) {
    parts.push(
      inner.stack?.includes(inner.message) === true ? inner.stack : `${inner.message}\n${inner.stack}`,
    );
    inner = inner.cause;
  }
  if (inner !== undefined && !(inner instanceof Error)) parts.push(inspect(inner));
  return parts.join("\ncaused by: ");
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, "  ");
}

/** Prints a whole run to `write`, `tally` last; the tally tells how it went. */
export async function reportRun(
  events: AsyncIterable<TestEvent>,
  tally: Tally,
  write: (text: string) => void,
): Promise<void> {
  for await (const event of events) write(tally.take(event));
  write(tally.close());
}
