/**
 * Values in pages: facts taken from Go's html/template with the same data.
 */

import assert from "node:assert/strict";
import { test } from "node:test";

import { TemplateSet } from "../template.ts";
import { GoList, GoMap, GoSafe, type Value } from "../value.ts";

const data = new GoMap(
  new Map<string, Value>([
    ["S", "a'<\"+ /"],
    ["U", "javascript:alert(1)?a b&c=<d>"],
    ["C", "red"],
    ["H", new GoSafe(`<i a="1>2">h & </i>'t'`, "html")],
    ["A", "title"],
    ["N", 42n],
    ["F", 1.5],
    [
      "M",
      new GoMap(
        new Map<string, Value>([
          ["k", "</script>"],
          ["n", new GoList([1n])],
        ]),
      ),
    ],
  ]),
);

function page(text: string): string {
  const set = new TemplateSet({ asHtml: true });
  set.parse("t", text);
  return set.execute("t", data);
}

const pages: readonly (readonly [template: string, page: string])[] = [
  ["<b>{{ .S }}</b>", "<b>a&#39;&lt;&#34;&#43; /</b>"],
  ['<i title="{{ .S }}">', '<i title="a&#39;&lt;&#34;&#43; /">'],
  ["<i title={{ .S }}>", "<i title=a&#39;&lt;&#34;&#43;&#32;/>"],
  ['<a href="{{ .U }}">', '<a href="#ZgotmplZ">'],
  ['<a href="/q?x={{ .S }}">', '<a href="/q?x=a%27%3c%22%2b%20%2f">'],
  ["<a href={{ .U }}>", "<a href=#ZgotmplZ>"],
  ["<img src='/{{ .S }}/b'>", "<img src='/a%27%3c%22&#43;%20//b'>"],
  ["<script>a = {{ .M }}</script>", '<script>a = {"k":"\\u003c/script\\u003e","n":[1]}</script>'],
  ['<script>a = "{{ .S }}"</script>', '<script>a = "a\\u0027\\u003c\\u0022\\u002b \\/"</script>'],
  ["<script>a = /x{{ .S }}/</script>", "<script>a = /xa\\u0027\\u003c\\u0022\\u002b \\//</script>"],
  ["<script>a = {{ .F }} / {{ .N }}</script>", "<script>a =  1.5  /  42 </script>"],
  ["<script>a/* {{ .S }} */b</script>", "<script>a  b</script>"],
  ['<p onclick="f({{ .S }})">', '<p onclick="f(&#34;a&#39;\\u003c\\&#34;&#43; /&#34;)">'],
  ["<style>p { color: {{ .C }}; x: {{ .S }} }</style>", "<style>p { color: red; x: ZgotmplZ }</style>"],
  ['<style>p { background: url("{{ .U }}") }</style>', '<style>p { background: url("#ZgotmplZ") }</style>'],
  ["<style>p { font: '{{ .S }}' }</style>", "<style>p { font: 'a\\27\\3c\\22\\2b  \\2f ' }</style>"],
  ["<!-- {{ .S }} -->a < 3", "a &lt; 3"],
  ["{{ .H }}", "<i a=\"1>2\">h & </i>'t'"],
  [
    "<textarea>{{ .H }}</textarea>",
    "<textarea>&lt;i a=&#34;1&gt;2&#34;&gt;h & &lt;/i&gt;&#39;t&#39;</textarea>",
  ],
  ['<p title="{{ .H }}">', '<p title="h & &#39;t&#39;">'],
  ["<p title={{ .H }}>", "<p title=h&#32;&&#32;&#39;t&#39;>"],
  ['<input {{ .A }}="{{ .S }}">', '<input title="a&#39;&lt;&#34;&#43; /">'],
  ["<div {{ .S }}>", "<div ZgotmplZ>"],
  ["{{ .S | html }}", "a&#39;&lt;&#34;+ /"],
  ['<a href="?{{ .S | urlquery }}">', '<a href="?a%27%3C%22%2B&#43;%2F">'],
  [
    "<script>`t {{ .S }} ${ {{ .N }} }`</script>",
    "<script>`t a\\u0027\\u003c\\u0022\\u002b \\/ ${  42  }`</script>",
  ],
  [
    '<script type="text/plain">{{ .S }}</script>',
    '<script type="text/plain">a&#39;&lt;&#34;&#43; /</script>',
  ],
  ['<img srcset="{{ .U }} 2x, {{ .S }}">', '<img srcset="#ZgotmplZ 2x, #ZgotmplZ">'],
  ['<meta content="0;url={{ .U }}">', '<meta content="0;url=#ZgotmplZ">'],
  ["<!DOCTYPE html><p>", "<!DOCTYPE html><p>"],
  ["<script>a = '<!--'</script>", "<script>a = '\\x3C!--'</script>"],
];

for (const [template, output] of pages) {
  test(`${JSON.stringify(template)} gives its page`, () => assert.equal(page(template), output));
}

const refused: readonly (readonly [template: string, message: RegExp])[] = [
  ['<a href="x', /ends in a non-text context/u],
  ["<a =>", /expected space, attr name, or end of tag, but got "=>"/u],
  ["<a b'c>", /"'" in attribute name: " b'c>"/u],
  ["<a b=c=d>", /"=" in unquoted attr: "c=d"/u],
  ["<script>'a\\{{ .S }}'</script>", /unfinished escape sequence in JS string/u],
  ["<script>/[{{ .S }}]/</script>", /unfinished JS regexp charset/u],
];

for (const [template, message] of refused) {
  test(`${JSON.stringify(template)} is refused`, () =>
    assert.throws(() => page(template), { name: "TemplateExecutionError", message }));
}
