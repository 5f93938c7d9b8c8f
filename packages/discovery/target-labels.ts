/**
 * Making the labels of targets out of what an API says.
 */

import { Labels } from "@narthex/model/labels";
import { addressLabel, type TargetGroup } from "./target-group.ts";

/** A label's value before it is text; what is undefined, null or "" makes no label. */
export type LabelValue = string | number | boolean | undefined | null;

/** Labels by name, being collected. */
export type LabelFields = Record<string, LabelValue>;

/** A name in which every character that a label cannot have is an underscore. */
export function sanitizeLabelName(name: string): string {
  return name.replace(/[^a-zA-Z0-9_]/gu, "_");
}

/** `host:port`, with brackets around an IPv6 address. */
export function joinHostPort(host: string, port: number | string): string {
  return /[:%]/u.test(host) ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Labels named `prefix` + sanitized key, one for every entry. */
export function prefixed(prefix: string, entries: Iterable<readonly [string, LabelValue]>): LabelFields {
  const fields: LabelFields = {};
  for (const [key, value] of entries) fields[prefix + sanitizeLabelName(key)] = value;
  return fields;
}

/** The labels that `fields` mean, every name behind `prefix`. */
export function labelsFrom(prefix: string, fields: LabelFields): Labels {
  const entries: [string, string][] = [];
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined && value !== null) entries.push([prefix + name, String(value)]);
  }
  return Labels.from(entries);
}

/** A target at `address` with the labels that `fields` mean, every name behind `prefix`. */
export function targetFrom(address: string, prefix: string, fields: LabelFields): Labels {
  const entries: [string, string][] = [[addressLabel, address]];
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined && value !== null) entries.push([prefix + name, String(value)]);
  }
  return Labels.from(entries);
}

/** The only group of a mechanism that has but one. */
export function soleGroup(source: string, targets: readonly Labels[]): readonly TargetGroup[] {
  return [{ source, targets, labels: Labels.empty }];
}

/** Values in one label: between separators, with one in front and one behind. */
export function enclosed(values: readonly string[], separator = ","): string {
  return separator + values.join(separator) + separator;
}
