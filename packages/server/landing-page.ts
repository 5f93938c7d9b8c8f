/**
 * The page at `/` until the web interface exists: what runs here and where to ask.
 */

/** Queries to try on any server that scrapes itself and a machine. */
export const exampleQueries: readonly string[] = [
  "up",
  "sum by (handler) (rate(prometheus_http_requests_total[5m]))",
  '100 * (1 - avg by (instance) (rate(node_cpu_seconds_total{mode="idle"}[5m])))',
];

const paths: readonly (readonly [string, string])[] = [
  ["api/v1/targets", "targets and how they fare"],
  ["api/v1/label/__name__/values", "names of all metrics"],
  ["api/v1/status/tsdb", "the database in numbers"],
  ["api/v1/status/config", "the configuration in force"],
  ["metrics", "the server's own metrics"],
];

function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}

function queryLink(query: string): string {
  return `api/v1/query?query=${encodeURIComponent(query)}`;
}

/** The page as HTML. Links are relative, so that any route prefix works. */
export function landingPage(title: string): string {
  const queries = exampleQueries.map(
    (query) => `<li><a href="${queryLink(query)}"><code>${escapeHtml(query)}</code></a></li>`,
  );
  const links = paths.map(([path, what]) => `<li><a href="${path}">/${path}</a> – ${what}</li>`);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 3rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin-bottom: 0; }
h2 { font-size: 1.1rem; margin-top: 2rem; }
code { font-size: .95em; overflow-wrap: anywhere; }
li { margin: .3rem 0; }
</style>
</head>
<body>
<h1>Narthex</h1>
<p>A Prometheus server. This page is a signpost; the web interface is yet to come.
Grafana, or anything else that speaks to Prometheus, can use this address as a data source.</p>
<h2>Try a query</h2>
<ul>
${queries.join("\n")}
</ul>
<h2>Look around</h2>
<ul>
${links.join("\n")}
</ul>
</body>
</html>
`;
}
