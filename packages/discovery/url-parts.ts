/**
 * The parts of URLs in sections, as Go's net/url sees them.
 */

import { checkUrl } from "@narthex/http/url-check";

/** Scheme and host of a URL, "" where it has none. */
export interface UrlParts {
  /** In lower case. */
  readonly scheme: string;
  /** With its port. */
  readonly host: string;
}

/** The parts of `text`; those of an address without a scheme are empty. Throws when it is no URL. */
export function urlParts(text: string): UrlParts {
  checkUrl(text);
  const match = /^([a-zA-Z][a-zA-Z0-9+.-]*):(?:\/\/(?:[^/?#@]*@)?([^/?#]*))?/u.exec(text);
  return { scheme: match?.[1]?.toLowerCase() ?? "", host: match?.[2] ?? "" };
}
