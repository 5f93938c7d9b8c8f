/**
 * Which format a Content-Type stands for, and the original's errors and warnings.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { chooseFormat } from "./content-type.ts";

const blank = "non-compliant scrape target sending blank Content-Type";

test("the format comes from the Content-Type", () => {
  const is = (contentType: string, format: string): void =>
    assert.deepEqual(chooseFormat(contentType), { format, warning: null }, contentType);
  is("text/plain", "text");
  is("text/plain; version=0.0.4; charset=utf-8; escaping=underscores", "text");
  is("TEXT/Plain;version=1.0.0", "text");
  is("text/plain;", "text");
  is('application/openmetrics-text; version="1.0.0"', "openmetrics");
});

test("without a usable type, the scrape fails as in the original", () => {
  const fails = (contentType: string, message: string): void =>
    assert.throws(() => chooseFormat(contentType), { name: "ExpositionError", message }, contentType);
  fails("", `${blank} and no fallback_scrape_protocol specified for target`);
  fails(
    "text/html",
    'received unsupported Content-Type "text/html" and no fallback_scrape_protocol specified for target',
  );
  fails(
    "text/plain; a",
    'cannot parse Content-Type "text/plain; a" and no fallback_scrape_protocol for target\n' +
      "mime: invalid media parameter",
  );
  fails(
    "text/plain; a=1; a=2",
    'cannot parse Content-Type "text/plain; a=1; a=2" and no fallback_scrape_protocol for ' +
      "target\nmime: duplicate parameter name",
  );
});

test("a fallback protocol is used with a warning", () => {
  const is = (contentType: string, protocol: string, format: string, warning: string): void =>
    assert.deepEqual(chooseFormat(contentType, protocol), { format, warning }, contentType);
  is(
    "",
    "PrometheusText0.0.4",
    "text",
    'non-compliant scrape target sending blank Content-Type, using fallback_scrape_protocol "text/plain"',
  );
  is(
    "text/html",
    "OpenMetricsText1.0.0",
    "openmetrics",
    'received unsupported Content-Type "text/html"' +
      ', using fallback_scrape_protocol "application/openmetrics-text"',
  );
  is(
    "text/plain; a",
    "PrometheusText1.0.0",
    "text",
    'could not parse received Content-Type "text/plain; a", using fallback_scrape_protocol "text/plain"',
  );
});
