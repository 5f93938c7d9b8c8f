import assert from "node:assert/strict";
import { test } from "node:test";
import { contentTypeOf, negotiateFormat, writeFamilies, type OfferedFormats } from "./negotiate.ts";
import { labelPairsOf, renderLabels, type MetricFamily } from "./metric-family.ts";

const prometheus =
  "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5," +
  "application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3," +
  "text/plain;version=0.0.4;q=0.2,*/*;q=0.1";
const protobuf = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited";

test("negotiateFormat", () => {
  const is = (accept: string, want: string, offered?: OfferedFormats) => {
    const { format, version, escaping } = negotiateFormat(accept, offered);
    assert.equal(`${format} ${version} ${escaping}`, want, accept);
  };
  is("", "text 0.0.4 underscores");
  is("*/*", "text 0.0.4 underscores");
  is("text/html", "text 0.0.4 underscores");
  is(prometheus, "openmetrics 1.0.0 allow-utf-8");
  is(prometheus, "text 1.0.0 allow-utf-8", { openMetrics: false });
  is(`${protobuf};q=0.6,${prometheus}`, "protobuf  underscores");
  is(`${protobuf};q=0.6,${prometheus}`, "openmetrics 1.0.0 allow-utf-8", { protobuf: false });
  is("text/plain;q=0.1, application/openmetrics-text", "openmetrics 0.0.1 underscores");
  is("text/plain; version=0.0.4; escaping=dots", "text 0.0.4 dots");
  is("text/plain; version=9", "text 0.0.4 underscores");
  is("application/vnd.google.protobuf; encoding=text, text/plain", "text 0.0.4 underscores");
  is('text/plain; version="1.0.0"; escaping=unknown', "text 1.0.0 underscores");
});

test("contentTypeOf", () => {
  const is = (accept: string, want: string) => assert.equal(contentTypeOf(negotiateFormat(accept)), want);
  is("", "text/plain; version=0.0.4; charset=utf-8; escaping=underscores");
  is(prometheus, "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8");
  is(
    protobuf,
    "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited; " +
      "escaping=underscores",
  );
});

test("names are escaped as asked for, plain ones never", () => {
  const labelText = renderLabels([
    ["my.label", 'a"b,"c'],
    ["plain_label", "x"],
  ]);
  const families: MetricFamily[] = [
    { name: "my.metric", help: "", type: "gauge", metrics: [{ labelText, value: 1 }] },
    { name: "plain_metric", help: "", type: "gauge", metrics: [{ labelText: 'a_b="c"', value: 1 }] },
  ];
  const is = (escaping: string, first: string) =>
    assert.equal(
      writeFamilies(families, negotiateFormat(`text/plain;escaping=${escaping}`)),
      `${first}\n# TYPE plain_metric gauge\nplain_metric{a_b="c"} 1\n`,
    );
  const value = 'a\\"b,\\"c';
  is("underscores", `# TYPE my_metric gauge\nmy_metric{my_label="${value}",plain_label="x"} 1`);
  is("dots", `# TYPE my_dot_metric gauge\nmy_dot_metric{my_dot_label="${value}",plain_label="x"} 1`);
  is("values", `# TYPE U__my_2e_metric gauge\nU__my_2e_metric{U__my_2e_label="${value}",plain_label="x"} 1`);
  is("allow-utf-8", `# TYPE "my.metric" gauge\n{"my.metric","my.label"="${value}",plain_label="x"} 1`);
});

test("labelPairsOf undoes renderLabels", () => {
  const is = (...pairs: [string, string][]) =>
    assert.deepEqual(labelPairsOf(renderLabels(pairs)), pairs.flat());
  is();
  is(["a", ""]);
  is(["a", 'x"y\\z\nä,b="c"'], ["b c", "}"], ['ü\\"', "v"]);
});
