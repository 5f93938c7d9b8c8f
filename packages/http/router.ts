/**
 * Routes: which handler answers which method on which path. Listener → ROUTER → handler.
 *
 * A pattern is a path whose segments are fixed (`/api/v1/query`), named (`/label/:name/values`, one segment)
 * or a tail (`/static/*path`, the rest, at the end only). A fixed segment wins over a named one, that over a
 * tail.
 *
 * As the original's router: an unknown path is 404, a refused method 405 with `Allow`, OPTIONS is answered
 * where no route takes it, and a path that is known only with or without its last slash is redirected.
 */

import { assert } from "@narthex/platform/assert";
import { replyText, type HttpHandler, type HttpRequest, type HttpResponse } from "./exchange.ts";

interface Branch {
  readonly fixed: Map<string, Branch>;
  named: { readonly name: string; readonly branch: Branch } | null;
  tail: { readonly name: string; readonly leaf: Leaf } | null;
  leaf: Leaf | null;
}

interface Leaf {
  readonly pattern: string;
  readonly handlers: Map<string, HttpHandler>;
}

interface Found {
  readonly leaf: Leaf;
  readonly params: Record<string, string>;
}

function emptyBranch(): Branch {
  return { fixed: new Map(), named: null, tail: null, leaf: null };
}

/** A table of routes. */
export class Router {
  readonly #root = emptyBranch();

  /** Lets `handler` answer `method` on `pattern`. The same pair twice is a bug. */
  on(method: string, pattern: string, handler: HttpHandler): void {
    const { handlers } = this.#leafFor(pattern);
    assert(!handlers.has(method), `no second handler for ${method} ${pattern}`);
    handlers.set(method, handler);
  }

  /** Answers a request by its route; a listener's handler. */
  readonly handle: HttpHandler = (request, response) => {
    const found = this.#find(request.path);
    if (found === null) return this.#answerUnknown(request, response);
    const handler = found.leaf.handlers.get(request.method);
    if (handler === undefined) return refuseMethod(found.leaf, request, response);
    request.route = found.leaf.pattern;
    request.params = found.params;
    return handler(request, response);
  };

  #answerUnknown(request: HttpRequest, response: HttpResponse): Promise<void> {
    const { path, method, rawQuery } = request;
    const other = path.endsWith("/") ? path.slice(0, -1) : `${path}/`;
    if (path !== "/" && this.#find(other)?.leaf.handlers.has(method) === true) {
      response.status = method === "GET" ? 301 : 308;
      response.header("location", encodeURI(other) + (rawQuery === "" ? "" : `?${rawQuery}`));
      return response.end();
    }
    return replyText(response, 404, "404 page not found");
  }

  #leafFor(pattern: string): Leaf {
    assert(pattern.startsWith("/"), "a pattern starts with a slash");
    const segments = pattern.slice(1).split("/");
    let branch = this.#root;
    for (const [index, segment] of segments.entries()) {
      if (segment.startsWith("*")) {
        assert(index === segments.length - 1, "a tail ends its pattern");
        branch.tail ??= { name: segment.slice(1), leaf: { pattern, handlers: new Map() } };
        return branch.tail.leaf;
      }
      if (segment.startsWith(":")) {
        branch.named ??= { name: segment.slice(1), branch: emptyBranch() };
        assert(
          branch.named.name === segment.slice(1),
          `${pattern} calls a segment what other routes call it`,
        );
        branch = branch.named.branch;
        continue;
      }
      const next: Branch = branch.fixed.get(segment) ?? emptyBranch();
      branch.fixed.set(segment, next);
      branch = next;
    }
    branch.leaf ??= { pattern, handlers: new Map() };
    return branch.leaf;
  }

  #find(path: string): Found | null {
    if (!path.startsWith("/")) return null;
    return find(this.#root, path.slice(1).split("/"), 0);
  }
}

function find(branch: Branch, segments: readonly string[], at: number): Found | null {
  const segment = segments[at];
  if (segment === undefined) return branch.leaf === null ? null : { leaf: branch.leaf, params: {} };
  const fixed = branch.fixed.get(segment);
  if (fixed !== undefined) {
    const found = find(fixed, segments, at + 1);
    if (found !== null) return found;
  }
  if (branch.named !== null && segment !== "") {
    const found = find(branch.named.branch, segments, at + 1);
    if (found !== null) {
      found.params[branch.named.name] = segment;
      return found;
    }
  }
  if (branch.tail === null) return null;
  return { leaf: branch.tail.leaf, params: { [branch.tail.name]: `/${segments.slice(at).join("/")}` } };
}

function refuseMethod(leaf: Leaf, request: HttpRequest, response: HttpResponse): Promise<void> {
  const allowed = new Set([...leaf.handlers.keys(), "OPTIONS"]);
  response.header("allow", [...allowed].toSorted().join(", "));
  if (request.method === "OPTIONS") {
    response.status = 200;
    return response.end();
  }
  return replyText(response, 405, "Method Not Allowed");
}
