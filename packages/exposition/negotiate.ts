/**
 * From a request's Accept header to the format of the answer, and the page in it: for /metrics, federation
 * and the push gateway.
 */

import { escapingScheme, type EscapingScheme } from "@narthex/model/metric-name";
import { escapeFamily, type MetricFamily } from "./metric-family.ts";
import { writeOpenMetrics, type OpenMetricsOptions } from "./openmetrics-writer.ts";
import { writeProtobuf } from "./protobuf-writer.ts";
import { writeText } from "./text-writer.ts";

/** The format of an answer. */
export interface AnswerFormat {
  readonly format: "text" | "openmetrics" | "protobuf";
  /** "" for protobuf. */
  readonly version: string;
  /** How names outside the old character set are written. */
  readonly escaping: EscapingScheme;
}

/** Formats that a server may leave out. Default: it has both. */
export interface OfferedFormats {
  readonly openMetrics?: boolean;
  readonly protobuf?: boolean;
}

interface Accepted {
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly weight: number;
}

/**
 * The best format that the header names and the server offers; text 0.0.4 when there is none. Without
 * `escaping` in the header, names are written with underscores.
 */
export function negotiateFormat(accept: string, offered: OfferedFormats = {}): AnswerFormat {
  let escaping: EscapingScheme = "underscores";
  for (const { type, parameters } of acceptedTypes(accept)) {
    escaping = escapingScheme(parameters.get("escaping") ?? "") ?? escaping;
    const version = parameters.get("version") ?? "";
    if (type === "application/vnd.google.protobuf" && offered.protobuf !== false) {
      const isDelimited = parameters.get("encoding") === "delimited";
      if (isDelimited && parameters.get("proto") === "io.prometheus.client.MetricFamily") {
        return { format: "protobuf", version: "", escaping };
      }
    }
    if (type === "text/plain" && (version === "" || version === "0.0.4" || version === "1.0.0")) {
      return { format: "text", version: version || "0.0.4", escaping };
    }
    if (type === "application/openmetrics-text" && offered.openMetrics !== false) {
      if (version === "" || version === "0.0.1") return { format: "openmetrics", version: "0.0.1", escaping };
      if (version === "1.0.0") return { format: "openmetrics", version, escaping };
    }
  }
  return { format: "text", version: "0.0.4", escaping };
}

/** The Content-Type of an answer. */
export function contentTypeOf({ format, version, escaping }: AnswerFormat): string {
  switch (format) {
    case "text":
      return `text/plain; version=${version}; charset=utf-8; escaping=${escaping}`;
    case "openmetrics":
      return `application/openmetrics-text; version=${version}; charset=utf-8; escaping=${escaping}`;
    case "protobuf":
      return (
        "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited; " +
        `escaping=${escaping}`
      );
  }
}

/** The page for `families` in a format. */
export function writeFamilies(
  families: readonly MetricFamily[],
  { format, escaping }: AnswerFormat,
  options: OpenMetricsOptions = {},
): string | Uint8Array {
  const escaped = escaping === "allow-utf-8" ? families : families.map((one) => escapeFamily(one, escaping));
  switch (format) {
    case "text":
      return writeText(escaped);
    case "openmetrics":
      return writeOpenMetrics(escaped, options);
    case "protobuf":
      return writeProtobuf(escaped);
  }
}

/** The media types of an Accept header, best first; equal ones in their order. */
function acceptedTypes(accept: string): Accepted[] {
  const accepted = accept.split(",").map((part): Accepted => {
    const [type = "", ...rest] = part.split(";").map((piece) => piece.trim());
    const parameters = new Map<string, string>();
    for (const piece of rest) {
      const equal = piece.indexOf("=");
      if (equal > 0) parameters.set(piece.slice(0, equal).trim(), unquoted(piece.slice(equal + 1).trim()));
    }
    const weight = Number(parameters.get("q") ?? "1");
    return { type: type.toLowerCase(), parameters, weight: Number.isNaN(weight) ? 1 : weight };
  });
  return accepted.toSorted((a, b) => b.weight - a.weight);
}

function unquoted(text: string): string {
  return text.length > 1 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1) : text;
}
