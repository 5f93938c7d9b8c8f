/**
 * Whether a text is a URL in the eyes of Go's net/url, whose error texts configuration errors show.
 */

import { quoteGo } from "@narthex/model/labels";

/** Throws with Go's message when `text` does not parse as a URL or a path. */
export function checkUrl(text: string): void {
  const fail = (why: string): never => {
    throw new Error(`parse ${quoteGo(text)}: ${why}`);
  };
  // eslint-disable-next-line no-control-regex
  if (/[\u0000-\u001f\u007f]/u.test(text)) fail("net/url: invalid control character in URL");
  const escape = /%(?![0-9a-fA-F]{2}).{0,2}/u.exec(text);
  if (escape !== null) fail(`invalid URL escape ${quoteGo(escape[0])}`);
  if (text.startsWith(":")) fail("missing protocol scheme");
  const authority = /^[a-zA-Z][a-zA-Z0-9+.-]*:\/\/([^/?#]*)/u.exec(text)?.[1];
  if (authority === undefined) {
    if (/^[^/?#]*:/u.test(text) && !/^[a-zA-Z][a-zA-Z0-9+.-]*:/u.test(text)) {
      fail("first path segment in URL cannot contain colon");
    }
    return;
  }
  const host = authority.slice(authority.lastIndexOf("@") + 1);
  const port = /:([^\]:]*)$/u.exec(host)?.[1];
  if (port !== undefined && !/^[0-9]*$/u.test(port)) fail(`invalid port ${quoteGo(`:${port}`)} after host`);
  if (/[ <>"]/u.test(host))
    fail(`invalid character ${quoteGo((/[ <>"]/u.exec(host) as RegExpExecArray)[0])} in host name`);
}

/** The host of a URL as sockets want it: an IPv6 address without its brackets. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/gu, "");
}

/** The port of a URL, or that of its scheme. */
export function portOf(url: URL): number {
  if (url.port !== "") return Number(url.port);
  return url.protocol === "https:" ? 443 : 80;
}

/** A URL as error texts show it: with its password hidden. */
export function shownUrl(url: URL): string {
  if (url.password === "") return url.href;
  const copy = new URL(url);
  copy.password = "***";
  return copy.href;
}
