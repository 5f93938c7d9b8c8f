import assert from "node:assert/strict";
import { test } from "node:test";
import { acceptHeader, defaultProtocols, protocolsWithProto } from "./protocols.ts";

test("the Accept header", () => {
  assert.equal(
    acceptHeader(defaultProtocols, "allow-utf-8"),
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6," +
      "application/openmetrics-text;version=0.0.1;q=0.5," +
      "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4," +
      "text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
  );
  assert.equal(acceptHeader(["PrometheusText0.0.4"], "dots"), "text/plain;version=0.0.4;q=0.6,*/*;q=0.5");
  const withProto = acceptHeader(protocolsWithProto, "allow-utf-8").split(",");
  assert.equal(
    withProto[0],
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6",
  );
  assert.equal(withProto.at(-1), "*/*;q=0.1");
});
