/**
 * From a response's Content-Type to the parser of its format, by the rules of Prometheus 3: a missing or
 * unknown type fails the scrape unless the scrape configuration names a fallback protocol.
 */

import { quoteGo } from "@narthex/model/labels";
import {
  ExpositionError,
  type ExpositionParser,
  type LineParser,
  type ParserOptions,
} from "./exposition-parser.ts";
import { NhcbParser } from "./nhcb-parser.ts";
import { OpenMetricsParser } from "./openmetrics-parser.ts";
import { ProtobufParser } from "./protobuf-parser.ts";
import { TextParser } from "./text-parser.ts";

/** The formats whose entries are lines. */
export type LineFormat = "text" | "openmetrics";

/** The formats that can be parsed. */
export type ExpositionFormat = LineFormat | "protobuf";

/** The format of a page, and what to log when it was not the Content-Type that told it. */
export interface ChosenFormat {
  readonly format: ExpositionFormat;
  /** The original's warning when the fallback was used, else null. */
  readonly warning: string | null;
}

/** Options of `createParser`. */
export interface ContentOptions extends ParserOptions {
  /** The value of `fallback_scrape_protocol`; absent or "" when there is none. */
  readonly fallbackProtocol?: string;
}

const formats: Readonly<Record<string, ExpositionFormat>> = {
  "text/plain": "text",
  "application/openmetrics-text": "openmetrics",
  "application/vnd.google.protobuf": "protobuf",
};

const protocols: Readonly<Record<string, string>> = {
  PrometheusProto: "application/vnd.google.protobuf",
  "PrometheusText0.0.4": "text/plain",
  "PrometheusText1.0.0": "text/plain",
  "OpenMetricsText0.0.1": "application/openmetrics-text",
  "OpenMetricsText1.0.0": "application/openmetrics-text",
};

/** A parser over `page`. Throws `ExpositionError` when the format is none that can be parsed. */
export function createParser(
  contentType: string,
  page: Uint8Array,
  options: ContentOptions = {},
): ExpositionParser {
  return parserFor(chooseFormat(contentType, options.fallbackProtocol).format, page, options);
}

/** A parser of `format` over `page`. */
export function parserFor(
  format: ExpositionFormat,
  page: Uint8Array,
  options: ParserOptions = {},
): ExpositionParser {
  if (format === "protobuf") return new ProtobufParser(page, options);
  const parser = lineParserFor(format, page, options);
  return options.classicToNhcb === true ? new NhcbParser(parser, options.keepsClassic === true) : parser;
}

/** A parser of lines over `page`; classic histograms stay what they are. */
export function lineParserFor(format: LineFormat, page: Uint8Array, options: ParserOptions = {}): LineParser {
  return format === "text" ? new TextParser(page, options) : new OpenMetricsParser(page, options);
}

/**
 * The format of a page by its Content-Type ("" when missing). Throws `ExpositionError` with the original's
 * text.
 */
export function chooseFormat(contentType: string, fallbackProtocol = ""): ChosenFormat {
  const fallback = protocols[fallbackProtocol] ?? "";
  const instead = (failure: string, warning: string): ChosenFormat => {
    const format = formats[fallback];
    if (format === undefined) throw new ExpositionError(failure);
    return { format, warning: `${warning}, using fallback_scrape_protocol "${fallback}"` };
  };
  if (contentType === "") {
    const blank = "non-compliant scrape target sending blank Content-Type";
    return instead(`${blank} and no fallback_scrape_protocol specified for target`, blank);
  }
  const shown = quoteGo(contentType);
  const media = parseMediaType(contentType);
  if (media.error !== null) {
    const failure = `cannot parse Content-Type ${shown} and no fallback_scrape_protocol for target`;
    return instead(`${failure}\n${media.error}`, `could not parse received Content-Type ${shown}`);
  }
  const format = formats[media.type];
  if (format !== undefined) return { format, warning: null };
  const unsupported = `received unsupported Content-Type ${shown}`;
  return instead(`${unsupported} and no fallback_scrape_protocol specified for target`, unsupported);
}

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/u;
const parameter =
  /^;\s*([!#$%&'*+\-.^_`|~0-9A-Za-z]+)\s*=\s*([!#$%&'*+\-.^_`|~0-9A-Za-z]+|"(?:\\.|[^"\\])*")\s*/u;

interface MediaType {
  readonly type: string;
  /** Why it cannot be parsed, in the words of Go's mime package. */
  readonly error: string | null;
}

function parseMediaType(text: string): MediaType {
  const semicolon = text.indexOf(";");
  const type = (semicolon < 0 ? text : text.slice(0, semicolon)).trim().toLowerCase();
  const fault = mediaTypeFault(type);
  if (fault !== null) return { type, error: fault };
  const seen = new Set<string>();
  let rest = semicolon < 0 ? "" : text.slice(semicolon).trimEnd();
  while (rest !== "") {
    const found = parameter.exec(rest);
    if (found === null) {
      const error = rest.trim() === ";" ? null : "mime: invalid media parameter";
      return { type, error };
    }
    const name = found[1].toLowerCase();
    if (seen.has(name)) return { type, error: "mime: duplicate parameter name" };
    seen.add(name);
    rest = rest.slice(found[0].length);
  }
  return { type, error: null };
}

function mediaTypeFault(type: string): string | null {
  if (type === "") return "mime: no media type";
  const slash = type.indexOf("/");
  const main = slash < 0 ? type : type.slice(0, slash);
  if (!token.test(main)) {
    return /^[!#$%&'*+\-.^_`|~0-9a-z]/u.test(main)
      ? "mime: expected slash after first token"
      : "mime: no media type";
  }
  if (slash < 0) return null;
  const sub = type.slice(slash + 1);
  if (token.test(sub)) return null;
  return /^[!#$%&'*+\-.^_`|~0-9a-z]/u.test(sub)
    ? "mime: unexpected content after media subtype"
    : "mime: expected token after slash";
}
