/**
 * The formats that a scrape offers to a target, by the names of the configuration file.
 */

import type { EscapingScheme } from "@narthex/model/metric-name";

/** Media types by protocol name. */
const mediaTypes: ReadonlyMap<string, string> = new Map([
  ["OpenMetricsText0.0.1", "application/openmetrics-text;version=0.0.1"],
  ["OpenMetricsText1.0.0", "application/openmetrics-text;version=1.0.0"],
  [
    "PrometheusProto",
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited",
  ],
  ["PrometheusText0.0.4", "text/plain;version=0.0.4"],
  ["PrometheusText1.0.0", "text/plain;version=1.0.0"],
]);

/** What is offered when nothing is configured, best first. */
export const defaultProtocols: readonly string[] = [
  "OpenMetricsText1.0.0",
  "OpenMetricsText0.0.1",
  "PrometheusText1.0.0",
  "PrometheusText0.0.4",
];

/** What is offered when native histograms are wanted. */
export const protocolsWithProto: readonly string[] = ["PrometheusProto", ...defaultProtocols];

/** Throws the original's error when `name` is no protocol. */
export function checkProtocol(name: string): void {
  if (mediaTypes.has(name)) return;
  throw new Error(`unknown scrape protocol ${name}, supported: [${[...mediaTypes.keys()].join(" ")}]`);
}

/** Throws the original's error for an empty list, a repeated or an unknown name; `where` ends its text. */
export function checkProtocols(names: readonly string[], where: string): void {
  if (names.length === 0) throw new Error(`scrape_protocols cannot be empty ${where}`);
  const seen = new Set<string>();
  for (const name of names) {
    const folded = name.toLowerCase();
    if (seen.has(folded)) {
      throw new Error(`duplicated protocol in scrape_protocols, got [${names.join(" ")}] ${where}`);
    }
    seen.add(folded);
    try {
      checkProtocol(name);
    } catch (cause) {
      throw new Error(`scrape_protocols: ${(cause as Error).message} ${where}`, { cause });
    }
  }
}

/** The Accept header: each protocol with a falling weight, and anything at the end. */
export function acceptHeader(protocols: readonly string[], escaping: EscapingScheme): string {
  let weight = mediaTypes.size + 1;
  const offers = protocols.map((name) => {
    const escapes = name === "PrometheusText1.0.0" || name === "OpenMetricsText1.0.0";
    return `${mediaTypes.get(name) ?? ""}${escapes ? `;escaping=${escaping}` : ""};q=0.${weight--}`;
  });
  return [...offers, `*/*;q=0.${weight}`].join(",");
}
