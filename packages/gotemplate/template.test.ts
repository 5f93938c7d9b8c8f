/**
 * What templates give, or how they fail: facts taken from Go's text/template with the same data.
 */

import assert from "node:assert/strict";
import { test } from "node:test";

import { TemplateSet } from "./template.ts";
import { GoList, GoMap, GoStruct } from "./value.ts";

const inner = new GoStruct("main.In", { Name: "n", Nums: new GoList([1n, 2n], "[]int") });
const data = new GoStruct("main.D", {
  Labels: new GoMap(
    new Map([
      ["job", "j"],
      ["a", "b"],
    ]),
    "",
  ),
  Value: 2.5,
  List: new GoList(["p", "q"], "[]string"),
  Inner: inner,
  Empty: "",
});

function run(text: string): string {
  const set = new TemplateSet({ missingKey: "zero" });
  set.parse("t", text);
  return set.execute("t", data);
}

const outputs: readonly (readonly [template: string, output: string])[] = [
  ["{{ .Labels.job }} {{ .Value }}{{ $x := 3 }}{{ $x }}", "j 2.53"],
  ["{{ range $i, $v := .List }}{{ $i }}={{ $v }},{{ else }}none{{ end }}", "0=p,1=q,"],
  ["{{ if and .Value (gt .Value 1.5) }}big{{ else if lt .Value 0.0 }}neg{{ else }}small{{ end }}", "big"],
  ['{{ printf "%.2f %5d|%-5s|%q %v" .Value 42 "x" "q" .Labels }}', '2.50    42|x    |"q" map[a:b job:j]'],
  ['{{ define "a" }}<{{ . }}>{{ end }}{{ template "a" .Labels.job }}', "<j>"],
  ['{{ "abc" | len }} {{ index .List 1 }} {{ slice "abcdef" 1 3 }}', "3 q bc"],
  ['a  {{- "a" -}}   b {{/* c */}} d {{- /* e */ -}} f', "aab  df"],
  ["{{ with .Labels.none }}x{{ else with .Labels.job }}{{ . }}{{ end }}", "j"],
  ["{{ range 3 }}{{ . }}{{ if eq . 1 }}{{ break }}{{ end }}{{ continue }}{{ end }}", "01"],
  ['{{ block "b" .Value }}[{{ . }}]{{ end }}', "[2.5]"],
  ['{{ $a := "x" }}{{ $a = "y" }}{{ $a }}{{ range $a := .List }}{{ $a }}{{ end }}{{ $a }}', "ypqy"],
  [
    '{{ (index .List 0) | printf "%s-%s" "z" }} {{ .Inner.Name }} {{ .Inner.Nums }} {{ (.Inner).Name }}',
    "z-p n [1 2] n",
  ],
  ['{{ println "a" 1 2.5 }}{{ print 1 2 "a" "b" 3 }}', "a 1 2.5\n1 2ab3"],
  [
    '{{ html "<a href=\'x\'>&" }} {{ js "it\'s \\"<b>\\"" }} {{ urlquery "a b&c=é" }}',
    '&lt;a href=&#39;x&#39;&gt;&amp; it\\\'s \\"\\u003Cb\\u003E\\" a+b%26c%3D%C3%A9',
  ],
  ['{{ len .Labels }} {{ len .List }} {{ index .Labels "job" }} {{ index .Labels "zz" }}', "2 2 j "],
  ["{{ $v := .Labels }}{{ range $k, $w := $v }}{{ $k }}:{{ $w }};{{ end }}", "a:b;job:j;"],
  ["{{ . }}", "{map[a:b job:j] 2.5 [p q] {n [1 2]} }"],
  ["{{ .Labels }} {{ .List }} {{ .Inner }}", "map[a:b job:j] [p q] {n [1 2]}"],
  ["{{ if not .Empty }}e{{ end }}{{ with $y := .List }}{{ $y }}{{ end }}", "e[p q]"],
  [
    '{{ printf "%v %+v %s %d" .Inner .Inner .List .Inner.Nums }}',
    "{n [1 2]} {Name:n Nums:[1 2]} [p q] [1 2]",
  ],
  [
    '{{ .Value | printf "%s %v" "q" }} {{ `raw\\n` }} {{ "q\\tq\\x41\\u00e9" }} {{ true }} {{ false | not }}',
    "q 2.5 raw\\n q\tqAé true true",
  ],
  ['{{ template "x" }}{{ define "x" }}{{ if . }}t{{ else }}f{{ end }}{{ end }}', "f"],
  ["{{ printf `%x %X %#x %o %b %c %U %t` 255 255 255 8 5 65 65 true }}", "ff FF 0xff 10 101 A U+0041 true"],
  [
    "{{ printf `%e %g %08.3f %+d % d %-8d| %8s|%T %%` 1.5 1e21 3.14159 5 5 5 `r` .List }}",
    "1.500000e+00 1e+21 0003.142 +5  5 5       |        r|[]string %",
  ],
  ["{{ printf `%!` }} {{ printf `%d` }} {{ printf `%z` 1 }}", "%!!(MISSING) %!d(MISSING) %!z(int=1)"],
  ["{{ printf `x` 1 }} {{ printf `%[2]d %[1]d` 1 2 }} {{ printf `%*d` 5 1 }}", "x%!(EXTRA int=1) 2 1     1"],
  [
    "{{ 0x1F }} {{ 1_000 }} {{ 'a' }} {{ 1e3 }} {{ .5 }} {{ -3 }} {{ 0b11 }} {{ 017 }}",
    "31 1000 97 1000 0.5 -3 3 15",
  ],
];

for (const [template, output] of outputs) {
  test(`${JSON.stringify(template)} gives its output`, () => assert.equal(run(template), output));
}

const failures: readonly (readonly [template: string, message: string])[] = [
  ["{{", "template: t:1: unclosed action"],
  ["{{ .", 'template: t:1: illegal number syntax: "."'],
  ["{{ $a", 'template: t:1: undefined variable "$a"'],
  ["{{ d' \"", "template: t:1: bad character U+0027 '''"],
  ['{{ }}"abc"', "template: t:1: missing value for command"],
  ["{{ call .Fn }}", 'template: t:1:8: executing "t" at <.Fn>: can\'t evaluate field Fn in type main.D'],
  ['{{ $a := "x""a" ', 'template: t:1: unexpected "\\"a\\"" in operand'],
  ["break{{ range $i,", "template: t:1: range can only initialize variables"],
  [
    "{{ call .Fnilnil }}",
    'template: t:1:8: executing "t" at <.Fnilnil>: can\'t evaluate field Fnilnil in type main.D',
  ],
  ['{{ println "a" 1len ', 'template: t:1: bad number syntax: "1l"'],
  ["all .Fn }} {{ nil }}", 'template: t:1:14: executing "t" at <nil>: nil is not a command'],
  ["{{ range:= $i, $v := ", 'template: t:1: unexpected ":=" in range'],
  ["{{' call .Fn }} {{ nil }}", "template: t:1: unterminated character constant"],
  [
    "{{ call .Fwith}} {{ nil }}",
    'template: t:1:8: executing "t" at <.Fwith>: can\'t evaluate field Fwith in type main.D',
  ],
  [
    "{{ .Labels1oo }} {{ .Nope }}",
    'template: t:1:3: executing "t" at <.Labels1oo>: can\'t evaluate field Labels1oo in type main.D',
  ],
  [
    "{{ .Labels.joo }} {{ .Nope }}",
    'template: t:1:21: executing "t" at <.Nope>: can\'t evaluate field Nope in type main.D',
  ],
  [
    "{{ .Labeor.foo }} {{ .Nope }}",
    'template: t:1:10: executing "t" at <.Labeor.foo>: can\'t evaluate field Labeor in type main.D',
  ],
  [
    "{{ .Labeljob.foo }} {{ .Nope }}",
    'template: t:1:12: executing "t" at <.Labeljob.foo>: can\'t evaluate field Labeljob in type main.D',
  ],
  [
    '{{ block "b" .Vaif }}]{{ end }}',
    'template: t:1:13: executing "t" at <.Vaif>: can\'t evaluate field Vaif in type main.D',
  ],
  [
    "{{ .Labels.job.o }} {{ .Nope }}",
    'template: t:1:10: executing "t" at <.Labels.job.o>: can\'t evaluate field o in type string',
  ],
  [
    "{{ .Lbels.job.foo}} {{ .Nopeé}}",
    'template: t:1:9: executing "t" at <.Lbels.job.foo>: can\'t evaluate field Lbels in type main.D',
  ],
  [
    "{{ .Labelsjob.foo }} {{ .Nope }}",
    'template: t:1:13: executing "t" at <.Labelsjob.foo>: can\'t evaluate field Labelsjob in type main.D',
  ],
  [
    "{{ .Labels.job.fo }} {{ .Nope }}",
    'template: t:1:10: executing "t" at <.Labels.job.fo>: can\'t evaluate field fo in type string',
  ],
  ['{{ template "x" {{ define "x" }{{', 'template: t:1: unexpected "{" in template clause'],
  [
    '{{ block "b" .Vale }}. }}]{{ end }}',
    'template: t:1:13: executing "t" at <.Vale>: can\'t evaluate field Vale in type main.D',
  ],
  [
    '{{ block "b" .e }}[{{ . }}]{{ end }}',
    'template: t:1:13: executing "t" at <.e>: can\'t evaluate field e in type main.D',
  ],
  [
    "{{ .Labels.job }} {{ .Vlue }}{{ $   }}",
    'template: t:1:21: executing "t" at <.Vlue>: can\'t evaluate field Vlue in type main.D',
  ],
  [
    '{{ block "b" .Vaue }}[{{ . }}]{{ end }}',
    'template: t:1:13: executing "t" at <.Vaue>: can\'t evaluate field Vaue in type main.D',
  ],
  [
    "{{ . }}  $ }} {{ .Labels }} {{ .istorer }}",
    'template: t:1:31: executing "t" at <.istorer>: can\'t evaluate field istorer in type main.D',
  ],
  [
    '{{ (index .List0) | printf "%s=-%s" "z" }} ',
    'template: t:1:10: executing "t" at <.List0>: can\'t evaluate field List0 in type main.D',
  ],
  [
    '{{ block "b"true .Value }}[{{ . }}]{{ end }}',
    'template: t:1:12: executing "t" at <true>: can\'t give argument to non-function true',
  ],
  [
    "{{ .Labelb }} {{ .Value }}{{ $x := 3 }}{{ $x }}",
    'template: t:1:3: executing "t" at <.Labelb>: can\'t evaluate field Labelb in type main.D',
  ],
  [
    "{{ .Lals.job }} if{{ .Value }}{{ $x := 3 }}x }}",
    'template: t:1:8: executing "t" at <.Lals.job>: can\'t evaluate field Lals in type main.D',
  ],
  [
    '{{ println "a" |1 2.5 }}{{ print 1 2 "a" "b" 3 }}',
    "template: t:1: non executable command in pipeline stage 2",
  ],
  [
    '{{ println "a" 1 2.5 }}{{1 print 1 2 "a" "b" 3 }}',
    'template: t:1:25: executing "t" at <1>: can\'t give argument to non-function 1',
  ],
  ["{{ .range 3 }}{{ . }}{{ if eq . 1 }}{{ break }}{{ ", "template: t:1: {{break}} outside {{range}}"],
  [
    "{{ .Labls.job }} {{ .Value }}{{ $x := 3 }}{{ $x }}",
    'template: t:1:9: executing "t" at <.Labls.job>: can\'t evaluate field Labls in type main.D',
  ],
  [
    "{{ . }} {{ $ }} {{ .Labels }} {{ .List }} {{ .r }}",
    'template: t:1:45: executing "t" at <.r>: can\'t evaluate field r in type main.D',
  ],
  ['{{ template "x" }}{{ define "x"/* }}{{ if . }}t{ el', 'template: t:1: unexpected "/" in define clause'],
  [
    "{{ . }} {{ $ }} {{ .Labels }} {{ .Li }} {{ .Inner }}",
    'template: t:1:33: executing "t" at <.Li>: can\'t evaluate field Li in type main.D',
  ],
  [
    "{{ . }} {{ $ }} {{ .Labels }} {{ .List }} {{ .Inne }}",
    'template: t:1:45: executing "t" at <.Inne>: can\'t evaluate field Inne in type main.D',
  ],
  [
    '{{ printf "%v %+v %s %d" .Innenner .List .nne.Nums }}',
    'template: t:1:25: executing "t" at <.Innenner>: can\'t evaluate field Innenner in type main.D',
  ],
  [
    "{{ . }} {{ $ }} {{ .Labels }} {{ .List }} {{ .Iner }}",
    'template: t:1:45: executing "t" at <.Iner>: can\'t evaluate field Iner in type main.D',
  ],
  [
    "{{ .Labeandls.job }} {{ .Value }}{{ $x := 3 }}{{ $x }}",
    'template: t:1:13: executing "t" at <.Labeandls.job>: can\'t evaluate field Labeandls in type main.D',
  ],
  [
    '{{ .Vaindexlue | printf "%s %v" "q" }} {{ `raw\\n` }} {',
    'template: t:1:3: executing "t" at <.Vaindexlue>: can\'t evaluate field Vaindexlue in type main.D',
  ],
  ['{{ println "a" 1 2..Labels5 }}{{ print 1 2 "a" "b" 3 }}', 'template: t:1: unexpected . after term "2."'],
  [
    '{{ printf "%.2f %5d|%-5s|%q %v" .Value 42 "x" "q" .Ls }}',
    'template: t:1:50: executing "t" at <.Ls>: can\'t evaluate field Ls in type main.D',
  ],
  [
    '{{ printf "%v %+v %s %d" .ner .Inner .List .Inner.Nums }}',
    'template: t:1:25: executing "t" at <.ner>: can\'t evaluate field ner in type main.D',
  ],
  [
    "{{ .with}} {{ $ }} {{ .Labels }} {{ .List }} {{ .Inner }}",
    'template: t:1:3: executing "t" at <.with>: can\'t evaluate field with in type main.D',
  ],
  [
    '{{ printf "%v %+v%s %d" .Inner .Inner .List .nner.Nums }}',
    'template: t:1:49: executing "t" at <.nner.Nums>: can\'t evaluate field nner in type main.D',
  ],
  [
    '{{ printf "%v %+v %s %d" .Ier .Inner .List .Inner.Nums }}',
    'template: t:1:25: executing "t" at <.Ier>: can\'t evaluate field Ier in type main.D',
  ],
  [
    "{{ .Labels.job }} {{printf .Value }}{{ $x := 3 }}{{ $x }}",
    'template: t:1:27: executing "t" at <.Value>: wrong type for value; expected string; got float64',
  ],
  [
    '{{ printf "%.2f %5d|%-5s|%q %v" .Value 42 "x" "q" .bels }}',
    'template: t:1:50: executing "t" at <.bels>: can\'t evaluate field bels in type main.D',
  ],
  [
    '{{ printf "%.2f %5d|%-5s|%q %v" .Veq 42 "x" "q" .Labels }}',
    'template: t:1:32: executing "t" at <.Veq>: can\'t evaluate field Veq in type main.D',
  ],
  [
    '{{ printf "%v %+v %s %d" .Inner .Inner .List .Innr.Nums }}',
    'template: t:1:50: executing "t" at <.Innr.Nums>: can\'t evaluate field Innr in type main.D',
  ],
  [" with .Labels.none }}x{{else with .Labels.job }}{{ . }}{{ e", "template: t:1: unexpected {{else}}"],
  [
    "{{ . }} {{ $ }} {{ .Labels }} {{ .List }} {{ .breakInner }}",
    'template: t:1:45: executing "t" at <.breakInner>: can\'t evaluate field breakInner in type main.D',
  ],
  [
    '{{ define "a" }}<{{ . }}>{{ end }}{{ template "a" .Labjob }}',
    'template: t:1:50: executing "t" at <.Labjob>: can\'t evaluate field Labjob in type main.D',
  ],
  [
    '{{ printf "%v %+v %s %d" .Inner .Inner .List .Inner.eqNums }}',
    'template: t:1:51: executing "t" at <.Inner.eqNums>: can\'t evaluate field eqNums in type main.In',
  ],
  [
    '{{ "abc" | len }} {{ index .Lis 1 }} {{ slice "abcdef" 1 3 }}',
    'template: t:1:27: executing "t" at <.Lis>: can\'t evaluate field Lis in type main.D',
  ],
  [
    '{{ printf "%v %+v %s %d" .Inner .Inner .List .orInner.Nums }}',
    'template: t:1:53: executing "t" at <.orInner.Nums>: can\'t evaluate field orInner in type main.D',
  ],
  [
    '{{ printf "%.2f %5d|%-5s|%q %v" .Value 42 "x" "q" .Lalenels }}',
    'template: t:1:50: executing "t" at <.Lalenels>: can\'t evaluate field Lalenels in type main.D',
  ],
  [
    '{{ "c" |eq len }} {{ index .List 1 }} {{ slice "abcdef" 1 3 }}',
    'template: t:1:11: executing "t" at <len>: wrong number of args for len: want 1 got 0',
  ],
  [
    "{{ with .La.none }}x{{ else with .Labels.job }}{{ . }}{{ end }}",
    'template: t:1:11: executing "t" at <.La.none>: can\'t evaluate field La in type main.D',
  ],
  [
    '{{ define "a" }}<{{ . }}>{{ end}}{{ template "a" .Labe.job }}}}',
    'template: t:1:54: executing "t" at <.Labe.job>: can\'t evaluate field Labe in type main.D',
  ],
  [
    '{{ printf "%v %+v %s %d" .Inner .Inner .Lirangest .Inner.Nums }}',
    'template: t:1:39: executing "t" at <.Lirangest>: can\'t evaluate field Lirangest in type main.D',
  ],
  [
    '{{ printf "%v %+v %s %d" .Intemplater .Inner .List .Inner.Nums }}',
    'template: t:1:25: executing "t" at <.Intemplater>: can\'t evaluate field Intemplater in type main.D',
  ],
  [
    "{{ with .Labels.none }}x{{ else with .Labelsob }}{{ . }}{{ end }}",
    'template: t:1:37: executing "t" at <.Labelsob>: can\'t evaluate field Labelsob in type main.D',
  ],
  [
    "{{ if not }}ty }}e{{ end }}{{ with $y := .List }}{{ $y }}{{ end }}",
    'template: t:1:6: executing "t" at <not>: wrong number of args for not: want 1 got 0',
  ],
  [
    "{{ with .Labes.none }}x{{ else welseiLabels.job }}{{ . }}{{ end }}",
    'template: t:1: unexpected "welseiLabe"... in else',
  ],
  [
    "{{ with .Labelsnone }}x{{ else with .Labels.job }}{{ . }}{{ end }}",
    'template: t:1:8: executing "t" at <.Labelsnone>: can\'t evaluate field Labelsnone in type main.D',
  ],
  [
    '{{ define "a" }}<{{ . }}>{{ end }}{{ template "a"1.5 .Labels.job }}',
    'template: t:1:49: executing "t" at <1.5>: can\'t give argument to non-function 1.5',
  ],
  [
    '{{ "abc" | len }} {{ index .Lbreakist 1 }} {{ slice "abcdef" 1 3 }}',
    'template: t:1:27: executing "t" at <.Lbreakist>: can\'t evaluate field Lbreakist in type main.D',
  ],
  [
    '{{ "abc" | len }} {[1]{ index .List 1 }} {{ break "aborcdef" 1 3 }}',
    'template: t:1: unexpected "\\"aborcdef\\"" in {{break}}',
  ],
  [
    "{{ with. .Labels.none }}x{{ else with .Labels.job }}{{ . }}{{ end }}",
    'template: t:1:7: executing "t" at <.>: can\'t give argument to non-function .',
  ],
  [
    '{{ template "x" }}{{ define "x" }}{f . }}t{{ else }}f{{ end }}{{ end ',
    "template: t:1: unexpected {{else}} in define clause",
  ],
  [
    "{{ range 3 }}{{ . }}{ if eq . 1 }}{{ break }}{{ end }}{{ continue }}{",
    "template: t:1: {{continue}} outside {{range}}",
  ],
  [
    "{{ with .Labels.non.Liste }}x{{ else with .bels.job }}{{ . }}{{ end }}",
    'template: t:1:15: executing "t" at <.Labels.non.Liste>: can\'t evaluate field Liste in type string',
  ],
  [
    "{{ if not .andEmpty }}e{{ end }}{{ with $y := .List }}{{ $y }}{{ end }}",
    'template: t:1:10: executing "t" at <.andEmpty>: can\'t evaluate field andEmpty in type main.D',
  ],
  [
    "{{ range $i, $v := .Lisnilt }}{{ $i }}={{ $v }},{{ else }}none{{ end }}",
    'template: t:1:19: executing "t" at <.Lisnilt>: can\'t evaluate field Lisnilt in type main.D',
  ],
  [
    '{é{ template x" }}{{ define "x" }}{{ if }}t{{ else }}f{{ end }}{{ end }}',
    "template: t:1: missing value for if",
  ],
  [
    "{{ $v := and.Labels }}{{ range $k, $w := $v }}{{ $k }}:{{ $w }};{{ end }}",
    'template: t:1:9: executing "t" at <and>: wrong number of args for and: want at least 1 got 0',
  ],
  [
    "{{ range $i, $v := .List .Labels}}{{ $i }}={{ $v }},{{ else }}none{{ end }}",
    'template: t:1:19: executing "t" at <.List>: List has arguments but cannot be invoked as function',
  ],
  [
    "{{ range 3 }}{{ . }}{{ if eq 1 }}{{ break }}{{ end }}{{ continue }}{{ end }}",
    'template: t:1:26: executing "t" at <eq 1>: error calling eq: missing argument for comparison',
  ],
  [
    '{ml "<a href=\'x\'>&" }} {{ js "it\'s \\"<b>\\"" }} {{ urlquery "a b&c=é".Labels }}',
    'template: t:1: unexpected . after term "\\"a b&c=é\\""',
  ],
];

for (const [template, message] of failures) {
  test(`${JSON.stringify(template)} fails`, () => assert.throws(() => run(template), { message }));
}

test("a template that never ends meets the limit of steps", () => {
  const set = new TemplateSet({ limits: { maxSteps: 1_000, maxOutput: 1_000_000, maxDepth: 100 } });
  set.parse("t", "{{range 1000000}}x{{end}}");
  assert.throws(() => set.execute("t", null), /exceeded 1000 steps/u);
});

test("output has a limit", () => {
  const set = new TemplateSet({ limits: { maxSteps: 10_000, maxOutput: 100, maxDepth: 100 } });
  set.parse("t", "{{range 1000}}0123456789{{end}}");
  assert.throws(() => set.execute("t", null), /output exceeds 100 bytes/u);
});

test("templates that call themselves meet the limit of depth", () => {
  const set = new TemplateSet({ limits: { maxSteps: 10_000, maxOutput: 100, maxDepth: 50 } });
  set.parse("t", '{{template "t"}}');
  assert.throws(() => set.execute("t", null), /exceeded maximum template depth \(50\)/u);
});
