/**
 * The table of behaviours that equal-scrapes.test.ts compares: what a target does, and how a job is set up
 * for it. Grouped as a reader would look for them.
 */

import { gzipSync } from "node:zlib";

import { systemClock } from "@narthex/platform/clock";
import { page, pages, type Exchange, type Reply } from "./target-farm.ts";

/** One job with one target. */
export interface Behaviour {
  readonly name: string;
  /** Lines of the job's configuration beside name, path and target; `FILES` is a directory with secrets. */
  readonly config?: string;
  /** The targets, when not the farm alone (`FARM` is its address). */
  readonly targets?: string;
  readonly reply: Reply;
  /** No request is to be expected at the farm: only the end is compared. */
  readonly unreached?: boolean;
}

const one = 'a 1\nb{x="y"} 2\n';
const openMetrics = { "content-type": "application/openmetrics-text; version=1.0.0; charset=utf-8" };

function behaviour(name: string, reply: Reply | string, config = ""): Behaviour {
  return { name, reply: typeof reply === "string" ? page(reply) : reply, config };
}

/**
 * Refuses with 401 unless a header has a value. Debian's version adds a configured header once more with each
 * scrape, so the first value counts.
 */
function wants(header: string, value: string): Reply {
  return (exchange) => {
    if (String(exchange.request.headers[header]).split(", ")[0] === value) return page(one)(exchange);
    exchange.response.writeHead(401).end("who are you?");
  };
}

function status(code: number, headers: Readonly<Record<string, string>> = {}): Reply {
  return ({ response }) => void response.writeHead(code, headers).end("nothing here");
}

/** Some answers by turn; the last one again and again. */
function turns(...replies: readonly Reply[]): Reply {
  return (exchange) => (replies[Math.min(exchange.turn, replies.length - 1)] as Reply)(exchange);
}

function whoOf({ request }: Exchange): string {
  return (request.url ?? "").split("/")[1] ?? "";
}

function gzipped(body: Buffer): Reply {
  return ({ response }) => {
    response.writeHead(200, { "content-type": "text/plain; version=0.0.4", "content-encoding": "gzip" });
    response.end(body);
  };
}

/** Echoes parts of the request as labels. */
const echo: Reply = (exchange) => {
  const { request } = exchange;
  const query = (request.url ?? "").split("?")[1] ?? "";
  const timeout = String(request.headers["x-prometheus-scrape-timeout-seconds"]);
  page(`echo{query="${query}",timeout="${timeout}",extra="${String(request.headers["x-extra"] ?? "")}"} 1\n`)(
    exchange,
  );
};

const basic = `Basic ${Buffer.from("user:secret").toString("base64")}`;

const authentication: readonly Behaviour[] = [
  behaviour("basic_right", wants("authorization", basic), "basic_auth: {username: user, password: secret}"),
  behaviour("basic_wrong", wants("authorization", basic), "basic_auth: {username: user, password: guess}"),
  behaviour(
    "basic_files",
    wants("authorization", basic),
    "basic_auth: {username_file: FILES/user, password_file: FILES/secret}",
  ),
  {
    ...behaviour(
      "basic_file_missing",
      wants("authorization", basic),
      "basic_auth: {username: user, password_file: FILES/nowhere}",
    ),
    unreached: true,
  },
  behaviour("basic_none", wants("authorization", basic)),
  behaviour("bearer", wants("authorization", "Bearer tok"), "authorization: {credentials: tok}"),
  behaviour(
    "bearer_file",
    wants("authorization", "Bearer secret"),
    "authorization: {credentials_file: FILES/secret}",
  ),
  behaviour("bearer_old", wants("authorization", "Bearer tok"), "bearer_token: tok"),
  behaviour(
    "custom_type",
    wants("authorization", "Token tok"),
    "authorization: {type: Token, credentials: tok}",
  ),
  behaviour("header", wants("x-extra", "v"), 'http_headers: {X-Extra: {values: ["v"]}}'),
  behaviour("header_secret", wants("x-extra", "v"), 'http_headers: {X-Extra: {secrets: ["v"]}}'),
  behaviour("header_file", wants("x-extra", "secret"), "http_headers: {X-Extra: {files: [FILES/secret]}}"),
];

const many = Array.from({ length: 12 }, (_, i) => `m{i="${i}"} ${i}\n`).join("");

const limits: readonly Behaviour[] = [
  behaviour("samples_below", many, "sample_limit: 12"),
  behaviour("samples_above", many, "sample_limit: 11"),
  behaviour(
    "samples_dropped",
    many,
    'sample_limit: 5\nmetric_relabel_configs: [{source_labels: [i], regex: "[0-4]", action: keep}]',
  ),
  behaviour("samples_sometimes", turns(page(one), page(many), page(one)), "sample_limit: 5"),
  behaviour("labels_above", 'a{b="1",c="2",d="3"} 1\n', "label_limit: 5"),
  behaviour("labels_below", 'a{b="1",c="2"} 1\n', "label_limit: 5"),
  behaviour("label_name_long", 'a{b23456789012="1"} 1\n', "label_name_length_limit: 11"),
  behaviour("label_value_long", 'a{b="123456789012345678901234567890"} 1\n', "label_value_length_limit: 29"),
  {
    ...behaviour("targets_above", one, "target_limit: 1"),
    targets: '"FARM", "127.0.0.1:2"',
    unreached: true,
  },
  behaviour("body_above", many, "body_size_limit: 50B"),
  behaviour("body_below", many, "body_size_limit: 10KB"),
  behaviour("body_above_gzip", gzipped(gzipSync(many.repeat(100))), "body_size_limit: 5KB"),
];

const transport: readonly Behaviour[] = [
  behaviour("status_404", status(404)),
  behaviour("status_500", status(500)),
  behaviour("status_204", status(204)),
  behaviour("redirected", (exchange) =>
    exchange.request.url?.endsWith("/there") === true
      ? page(one)(exchange)
      : status(302, { location: `/${whoOf(exchange)}/redirected/there` })(exchange),
  ),
  behaviour(
    "redirect_refused",
    (exchange) => status(302, { location: `/${whoOf(exchange)}/redirected/there` })(exchange),
    "follow_redirects: false",
  ),
  behaviour("redirect_ring", (exchange) =>
    status(302, { location: `/${whoOf(exchange)}/redirect_ring` })(exchange),
  ),
  { ...behaviour("refused", one), targets: '"127.0.0.1:1"', unreached: true },
  behaviour("closed", ({ response }) => void response.socket?.destroy()),
  behaviour("closed_midway", ({ response }) => {
    response.writeHead(200, { "content-type": "text/plain", "content-length": "1000" });
    response.write("a 1\n", () => response.socket?.destroy());
  }),
  behaviour("silent", () => {}),
  behaviour(
    "slow_once",
    turns(page(one), () => {}, page(one)),
  ),
  behaviour("dripping", ({ response }) => {
    response.writeHead(200, { "content-type": "text/plain" });
    response.write("a 1\n");
  }),
  behaviour("empty", ""),
  behaviour("zipped", gzipped(gzipSync(one))),
  behaviour("zipped_broken", gzipped(Buffer.from("this is no gzip"))),
  behaviour("zipped_cut", gzipped(gzipSync(many.repeat(50)).subarray(0, 40))),
  behaviour("zipped_members", gzipped(Buffer.concat([gzipSync("a 1\n"), gzipSync("b 2\n")]))),
  behaviour("asks_gzip", (exchange) =>
    page(`accepts{encoding="${exchange.request.headers["accept-encoding"] ?? ""}"} 1\n`)(exchange),
  ),
  behaviour(
    "asks_plain",
    (exchange) =>
      page(`accepts{encoding="${exchange.request.headers["accept-encoding"] ?? ""}"} 1\n`)(exchange),
    "enable_compression: false",
  ),
  behaviour("chunked", ({ response }) => {
    response.writeHead(200, { "content-type": "text/plain" });
    response.write("a 1\nb");
    void systemClock.sleep(20).then(() => response.end(" 2\n"));
  }),
  behaviour(
    "parameters",
    echo,
    'params: {module: [http_2xx], "match[]": ["a{b}", "c d"]}\nscrape_timeout: 700ms',
  ),
];

const formats: readonly Behaviour[] = [
  behaviour("type_missing", ({ response }) => void response.writeHead(200).end(one)),
  behaviour(
    "type_missing_fallback",
    ({ response }) => void response.writeHead(200).end(one),
    "fallback_scrape_protocol: PrometheusText0.0.4",
  ),
  behaviour("type_unknown", page(one, { "content-type": "image/png" })),
  behaviour(
    "type_unknown_fallback",
    page(one, { "content-type": "image/png" }),
    "fallback_scrape_protocol: PrometheusText0.0.4",
  ),
  behaviour("type_broken", page(one, { "content-type": "text/plain; version" })),
  behaviour("openmetrics", page("# TYPE a counter\na_total 1\na_created 100\n# EOF\n", openMetrics)),
  behaviour("openmetrics_no_eof", page("a 1\n", openMetrics)),
  behaviour("openmetrics_after_eof", page("a 1\n# EOF\nb 2\n", openMetrics)),
  behaviour("openmetrics_exemplar", page('# TYPE a counter\na_total 1 # {t="x"} 0.5\n# EOF\n', openMetrics)),
  behaviour("no_last_newline", "a 1\nb 2"),
  behaviour("special_values", "a NaN\nb +Inf\nc -Inf\nd 1e-320\ne -0\nf 0x1p3\n"),
  behaviour("bad_value", "a 1\nb two\n"),
  behaviour("bad_name", "a 1\n2b 2\n"),
  behaviour("bad_label", "a{b=1} 1\n"),
  behaviour("bad_utf8", ({ response }) => {
    response.writeHead(200, { "content-type": "text/plain" });
    response.end(Buffer.from('a{b="\xff\xfe"} 1\n', "latin1"));
  }),
  behaviour("utf8_name", '{"ä.b","ö.ü"="1"} 1\n'),
  behaviour("quoted_escapes", 'a{b="x\\\\y\\"z\\n"} 1\n'),
  behaviour("comments", "# hello\n\n   \n# HELP a Help.\n# TYPE a gauge\n# UNIT a s\na 1\n"),
  behaviour("repeated", "a 1\na 2\nb 3\n"),
  behaviour("repeated_label", 'a{b="1",b="2"} 1\n'),
  behaviour("empty_label", 'a{b="",c="1"} 1\n'),
  behaviour("label_order", 'a{z="1",b="2"} 1\na{b="2",z="1"} 1\n'),
];

function stamped(offsetsMs: readonly number[]): Reply {
  return pages((turn) =>
    offsetsMs.map((offset, i) => `stamped{i="${i}"} ${turn} ${systemClock.nowMs() + offset}\n`).join(""),
  );
}

const times: readonly Behaviour[] = [
  behaviour("stamped", stamped([0])),
  behaviour("stamped_ignored", stamped([-100_000]), "honor_timestamps: false"),
  behaviour("stamped_future", stamped([0, 3_600_000])),
  behaviour("stamped_old", stamped([0, -86_400_000])),
  behaviour(
    "stamped_backwards",
    pages((turn) => `b ${turn} ${systemClock.nowMs() - turn * 10_000}\n`),
  ),
  behaviour(
    "stamped_same",
    pages((turn) => `same ${turn} 1700000000000\nother ${turn}\n`),
  ),
  behaviour(
    "stamped_vanishes",
    pages((turn) => (turn < 2 ? `v 1 ${systemClock.nowMs()}\nother 1\n` : "other 1\n")),
  ),
  behaviour(
    "stamped_tracked",
    pages((turn) => (turn < 2 ? `v 1 ${systemClock.nowMs()}\nother 1\n` : "other 1\n")),
    "track_timestamps_staleness: true",
  ),
];

const staleness: readonly Behaviour[] = [
  behaviour(
    "series_goes",
    pages((turn) => (turn < 2 ? "a 1\nb 2\n" : "a 3\n")),
  ),
  behaviour(
    "series_returns",
    pages((turn) => (turn === 2 ? "a 3\n" : "a 1\nb 2\n")),
  ),
  behaviour(
    "series_comes",
    pages((turn) => (turn < 2 ? "b 2\n" : "a 1\nb 3\n")),
  ),
  behaviour(
    "order_changes",
    pages((turn) => (turn % 2 === 0 ? "a 1\nb 2\nc 3\n" : "c 3\na 1\nb 2\n")),
  ),
  behaviour("page_goes", turns(page(one), page(one), status(503))),
  behaviour("page_returns", turns(page(one), status(503), page(one))),
  behaviour("page_breaks", turns(page(one), page("a 1\nb two\n"), page(one))),
  behaviour("page_empties", turns(page(one), page(one), page(""))),
  behaviour(
    "values_change",
    pages((turn) => `a ${turn}\nb ${turn * turn}.5\n`),
  ),
  behaviour(
    "stale_value",
    pages((turn) => `a ${turn === 1 ? "NaN" : turn}\n`),
  ),
];

const collisions = 'a{job="mine",instance="here",exported_job="x"} 1\nb{job=""} 2\n';

const labelling: readonly Behaviour[] = [
  behaviour("honor_no", collisions),
  behaviour("honor_yes", collisions, "honor_labels: true"),
  behaviour("instance_own", one, "relabel_configs: [{target_label: instance, replacement: me}]"),
  behaviour(
    "hashmod",
    one,
    relabel(
      "source_labels: [__address__, job], modulus: 1000, target_label: m, action: hashmod",
      "target_label: instance, replacement: me",
    ),
  ),
  behaviour(
    "replace",
    one,
    relabel('source_labels: [job], regex: "(r)(e.*)", target_label: "x_$2", replacement: "${1}-$2"'),
  ),
  behaviour("replace_delete", one, relabel('source_labels: [job], target_label: gone, replacement: ""')),
  {
    ...behaviour("keep_none", one, relabel("source_labels: [job], regex: other, action: keep")),
    unreached: true,
  },
  {
    ...behaviour("drop_all", one, relabel("source_labels: [job], regex: drop_all, action: drop")),
    unreached: true,
  },
  behaviour("keepequal", one, relabel("source_labels: [job], target_label: job, action: keepequal")),
  {
    ...behaviour("dropequal", one, relabel("source_labels: [job], target_label: job, action: dropequal")),
    unreached: true,
  },
  behaviour(
    "labelmap",
    one,
    relabel("regex: __meta_(.*)|__(sch)eme__, replacement: m_$1$2, action: labelmap"),
  ),
  behaviour(
    "lowercase",
    one,
    relabel(
      "source_labels: [__scheme__], target_label: s, action: uppercase",
      "source_labels: [s], target_label: t, action: lowercase",
    ),
  ),
  behaviour("labeldrop", 'a{b="1",c="2"} 1\n', metricRelabel('regex: "b", action: labeldrop')),
  behaviour(
    "labelkeep",
    'a{b="1",c="2"} 1\n',
    metricRelabel('regex: "__name__|c|job|instance", action: labelkeep'),
  ),
  behaviour("metric_drop", one, metricRelabel("source_labels: [__name__], regex: a, action: drop")),
  behaviour(
    "metric_rename",
    one,
    metricRelabel('source_labels: [__name__], target_label: __name__, replacement: "n_$1"'),
  ),
  behaviour("metric_collide", 'a{b="1"} 1\na{b="2"} 2\n', metricRelabel("regex: b, action: labeldrop")),
  behaviour("metric_unnamed", one, metricRelabel('target_label: __name__, replacement: ""')),
  behaviour("metric_badname", one, metricRelabel('target_label: __name__, replacement: "a b"')),
  behaviour(
    "path_by_label",
    (exchange) => page(`path{p="${String(exchange.request.url?.split("/")[3])}"} 1\n`)(exchange),
    relabel("source_labels: [__metrics_path__], target_label: __metrics_path__, replacement: $1/deeper"),
  ),
  behaviour("param_by_label", echo, relabel("target_label: __param_module, replacement: x y")),
  behaviour("interval_by_label", one, relabel("target_label: __scrape_timeout__, replacement: 300ms")),
  {
    ...behaviour("interval_bad", one, relabel("target_label: __scrape_interval__, replacement: soon")),
    unreached: true,
  },
  {
    ...behaviour("address_gone", one, relabel('target_label: __address__, replacement: ""')),
    unreached: true,
  },
];

function relabel(...rules: readonly string[]): string {
  return `relabel_configs: [${rules.map((rule) => `{${rule}}`).join(", ")}]`;
}

function metricRelabel(...rules: readonly string[]): string {
  return `metric_relabel_configs: [${rules.map((rule) => `{${rule}}`).join(", ")}]`;
}

/** All of them; names are unique. */
export const behaviours: readonly Behaviour[] = [
  ...authentication,
  ...limits,
  ...transport,
  ...formats,
  ...times,
  ...staleness,
  ...labelling,
];
