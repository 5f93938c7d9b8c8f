/**
 * Questions to the HTTP API and the difference between two answers.
 *
 * Equal means: same status, same kind and text of error, same labels, same times, same warnings and infos;
 * values within a relative 1e-12, since two correct sums may be added up in different order. The order of an
 * instant vector counts only where it is asked for: the original leaves it open except after sorting.
 */

import type { Peer } from "./peer-process.ts";

/** An answer of the API; a body that is no JSON stays text. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** Parameters of a question; a list repeats the parameter. */
export type Parameters = Readonly<Record<string, string | number | readonly string[]>>;

/** Asks `path`, which begins with a slash. */
export async function ask(
  peer: Pick<Peer, "url">,
  path: string,
  parameters: Parameters = {},
  method: "GET" | "POST" = "GET",
): Promise<Answer> {
  const form = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    for (const one of Array.isArray(value) ? value : [value]) form.append(name, String(one));
  }
  const query = method === "GET" && form.size > 0 ? `?${form.toString()}` : "";
  const response = await fetch(`${peer.url}${path}${query}`, {
    method,
    ...(method === "POST" ? { body: form } : {}),
  });
  const text = await response.text();
  try {
    return { status: response.status, body: JSON.parse(text) as unknown };
  } catch {
    return { status: response.status, body: text };
  }
}

/** The `data` of a successful answer; throws the answer otherwise. */
export function dataOf(answer: Answer): unknown {
  const { body } = answer;
  if (answer.status === 200 && isObject(body) && body["status"] === "success") return body["data"];
  throw new Error(`no data in answer ${JSON.stringify(answer)}`);
}

/** Where and how `ours` differs from `original`, or null. `inOrder`: vectors have to be in the same order. */
export function difference(ours: Answer, original: Answer, inOrder = false): string | null {
  if (ours.status !== original.status) {
    const bodies = `${shown(ours.body)} / ${shown(original.body)}`;
    return `status ${ours.status} instead of ${original.status}: ${bodies}`;
  }
  const prepare = inOrder ? (body: unknown) => body : sortVector;
  const [mine, its] = [ours, original].map(({ body }) => inNewWords(sortNotes(prepare(body))));
  return valueDifference(mine, its, "body");
}

/** Where ours follows 3.14 and Debian's version is older, both are brought to the same words. */
function inNewWords(body: unknown): unknown {
  if (!isObject(body)) return body;
  const rewrite = (text: unknown): unknown => {
    if (typeof text !== "string") return text;
    return (
      text
        .replace(
          /in subquery selector, expected number or duration/u,
          "in subquery or range selector, expected number, duration, step(), or range()",
        )
        .replace(
          /in offset, expected number or duration/u,
          "in offset, expected number, duration, step(), or range()",
        )
        // The two series of a conflict are named in sorted order.
        .replace(
          /(?<=hand-side of the operation: )\[(.*?\}), (\{.*\})\]/u,
          (_all, a: string, b: string) => `[${[a, b].toSorted().join(", ")}]`,
        )
        // The metric's name is part of the warning only when names are removed late.
        .replace(/(?<=malformed value of ".*") for metric name ".*?"/u, "")
        // How far buckets were from monotonic is told since 3.9, the metric's name no more.
        .replace(/(?<=monotonicity \(see [^)]*\))(?: for metric name "[^"]*"|, from .*)(?= \(\d)/u, "")
    );
  };
  const all = (texts: unknown): unknown => {
    if (!Array.isArray(texts)) return texts;
    // Debian's version does not warn of sorting in range queries.
    const known = texts.map(rewrite).filter((text) => !String(text).includes("sort is ineffective"));
    return known.length === 0 ? undefined : [...new Set(known)];
  };
  return {
    ...body,
    error: rewrite(body["error"]),
    warnings: all(body["warnings"]),
    infos: all(body["infos"]),
  };
}

/** Where and how two JSON values differ, or null. */
export function valueDifference(ours: unknown, original: unknown, where: string): string | null {
  if (isSample(ours) && isSample(original)) {
    if (ours[0] !== original[0]) return `${where}: time ${ours[0]} instead of ${original[0]}`;
    return isClose(ours[1], original[1]) ? null : `${where}: value ${ours[1]} instead of ${original[1]}`;
  }
  if (Array.isArray(ours) && Array.isArray(original)) {
    if (ours.length !== original.length) {
      const counts = `${ours.length} instead of ${original.length} elements`;
      return `${where}: ${counts}: ${shown(ours)} / ${shown(original)}`;
    }
    return firstDifference(ours.keys(), (key) =>
      valueDifference(ours[key], original[key], `${where}[${key}]`),
    );
  }
  if (isObject(ours) && isObject(original)) {
    const keys = new Set([...Object.keys(ours), ...Object.keys(original)]);
    return firstDifference(keys, (key) => valueDifference(ours[key], original[key], `${where}.${key}`));
  }
  return ours === original ? null : `${where}: ${shown(ours)} instead of ${shown(original)}`;
}

function firstDifference<Key>(keys: Iterable<Key>, differ: (key: Key) => string | null): string | null {
  for (const key of keys) {
    const found = differ(key);
    if (found !== null) return found;
  }
  return null;
}

function isClose(ours: string, original: string): boolean {
  if (ours === original) return true;
  const [a, b] = [Number(ours.replace("Inf", "Infinity")), Number(original.replace("Inf", "Infinity"))];
  return Math.abs(a - b) <= 1e-12 * Math.max(Math.abs(a), Math.abs(b));
}

function sortVector(body: unknown): unknown {
  if (!isObject(body) || !isObject(body["data"])) return body;
  const { resultType, result } = body["data"];
  if (resultType !== "vector" || !Array.isArray(result)) return body;
  return {
    ...body,
    data: { resultType, result: sortByText(result, (row) => (row as { metric: unknown }).metric) },
  };
}

/** Warnings and infos come from a set. */
function sortNotes(body: unknown): unknown {
  if (!isObject(body)) return body;
  const sorted = (notes: unknown): unknown => (Array.isArray(notes) ? notes.map(String).toSorted() : notes);
  return { ...body, warnings: sorted(body["warnings"]), infos: sorted(body["infos"]) };
}

/** `rows` in the order of the JSON of `part(row)`, keys sorted. */
export function sortByText<Row>(rows: readonly Row[], part: (row: Row) => unknown): Row[] {
  const keyed = rows.map((row) => ({ row, text: sortedJson(part(row)) }));
  keyed.sort((a, b) => (a.text < b.text ? -1 : a.text > b.text ? 1 : 0));
  return keyed.map(({ row }) => row);
}

function sortedJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    isObject(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

function isSample(value: unknown): value is [number, string] {
  return (
    Array.isArray(value) && value.length === 2 && typeof value[0] === "number" && typeof value[1] === "string"
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 600 ? `${text.slice(0, 600)}…` : text;
}
