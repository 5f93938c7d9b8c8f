/**
 * info() in the reference: labels of info series added to the elements of one moment.
 */

import { LabelMatcher } from "@narthex/model/label-matcher";
import { Labels } from "@narthex/model/labels";
import { ExecutionError } from "./query-errors.ts";

/** An info series with the time of its newest sample. */
export interface InfoCandidate {
  readonly labels: Labels;
  readonly timeMs: number;
}

/** The labels with those of `info`, null for an element that is dropped. */
type Enrich = (labels: Labels) => Labels | null;

const identifying = ["instance", "job"];

/** The conditions on the name of an info series. */
function nameMatchers(matchers: readonly LabelMatcher[]): readonly LabelMatcher[] {
  const names = matchers.filter(({ name }) => name === "__name__");
  if (names.length === 0) return [new LabelMatcher("=", "__name__", "target_info")];
  if (names.some(({ kind }) => kind === "=" || kind === "=~")) return names;
  return [new LabelMatcher("=~", "__name__", ".+_info"), ...names];
}

/**
 * What becomes of labels when `base` are the elements' labels and `candidates` all series that have a sample
 * then. Throws `ExecutionError` for what contradicts itself.
 */
export function infoEnrichment(
  base: readonly Labels[],
  candidates: readonly InfoCandidate[],
  matchers: readonly LabelMatcher[],
): Enrich {
  const names = nameMatchers(matchers);
  const data = matchers.filter(({ name }) => name !== "__name__");
  const isInfo = (labels: Labels): boolean => names.every((m) => m.matches(labels.get("__name__")));
  const values = identifying.map((name) => {
    const found = base.filter((labels) => !isInfo(labels)).map((labels) => labels.get(name));
    return new Set(found.filter((value) => value !== ""));
  });
  const asked = candidates.filter(
    ({ labels }) =>
      values.some((set) => set.size > 0) &&
      identifying.every((name, i) => values[i].size === 0 || values[i].has(labels.get(name))) &&
      data.every((m) => m.matches(labels.get(m.name))) &&
      isInfo(labels),
  );
  const newest = newestOf(asked);
  return (labels) => {
    if (isInfo(labels)) return labels;
    const infos = newest.filter((info) => identifying.every((name) => info.get(name) === labels.get(name)));
    if (infos.length === 0) return data.every((m) => m.matches("")) ? labels : null;
    return withInfos(labels, infos, data);
  };
}

/** Of candidates with equal name and identity the newest. */
function newestOf(candidates: readonly InfoCandidate[]): readonly Labels[] {
  const best = new Map<string, InfoCandidate>();
  for (const candidate of candidates) {
    const key = JSON.stringify(["__name__", ...identifying].map((name) => candidate.labels.get(name)));
    const other = best.get(key);
    if (other?.timeMs === candidate.timeMs)
      throw new ExecutionError("found duplicate series for info metric");
    if (other === undefined || candidate.timeMs > other.timeMs) best.set(key, candidate);
  }
  return Array.from(best.values(), ({ labels }) => labels);
}

function withInfos(labels: Labels, infos: readonly Labels[], data: readonly LabelMatcher[]): Labels {
  const added = new Map<string, string>();
  for (const [name, value] of infos.flatMap((info) => [...info.entries()])) {
    if (name === "__name__" || labels.has(name)) continue;
    if (data.length > 0 && !data.some((matcher) => matcher.name === name)) continue;
    if (added.has(name) && added.get(name) !== value) throw new ExecutionError(`conflicting label: ${name}`);
    added.set(name, value);
  }
  return Labels.from([...labels.entries(), ...added]);
}
