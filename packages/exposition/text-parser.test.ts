/**
 * Facts about both parsers that the recorded cases do not show: offsets, seeking, start times, a few errors.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { ExpositionParser } from "./exposition-parser.ts";
import { OpenMetricsParser } from "./openmetrics-parser.ts";
import { TextParser } from "./text-parser.ts";

/** One line per entry: kind, then what it says. */
function outline(parser: ExpositionParser): string[] {
  const lines: string[] = [];
  for (let entry = parser.next(); entry !== "end"; entry = parser.next()) {
    if (entry === "series")
      lines.push(`${parser.labelPairs().join(" ")} = ${parser.value} @ ${parser.timeMs}`);
    else lines.push(entry === "comment" ? parser.text : `${entry} ${parser.family}: ${parser.text}`);
  }
  return lines;
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test("text: entries in order", () =>
  assert.deepEqual(
    outline(
      new TextParser(
        bytes(
          '# HELP h A \\n.\n# TYPE h histogram\n\n# note\nh_bucket{le="1",a="\\"x\\""} 2 1000\n' +
            '{"a.b","c d"="e"} NaN',
        ),
      ),
    ),
    [
      "help h: A \n.",
      "type h: histogram",
      "# note",
      '__name__ h_bucket le 1.0 a "x" = 2 @ 1000',
      "__name__ a.b c d e = NaN @ null",
    ],
  ));

test("text: errors are the original's", () => {
  const fails = (page: string, message: string): void => {
    const parser = new TextParser(bytes(page));
    assert.throws(
      () => {
        while (parser.next() !== "end");
      },
      { name: "ExpositionError", message },
      page,
    );
  };
  fails("a{b} 1\n", 'expected equal, got "} " ("BCLOSE") while parsing: "a{b} "');
  fails('a{b="\xff', 'expected label value, got "\\"ÿ\\n" ("INVALID") while parsing: "a{b=\\"ÿ\\n"');
  fails("a 0x1\n", 'strconv.ParseFloat: parsing "0x1": invalid syntax while parsing: "a 0x1"');
  fails("b 1\n# TYPE a x\n", 'invalid metric type "x"');
  fails("# TYPE \n", 'expected metric name after TYPE, got "\\n" ("INVALID") while parsing: "# TYPE \\n"');
});

test("text: offsets cut a line into key and value", () => {
  const page = '\n a 1\nb{c="d"}\t 2 3\n';
  const parser = new TextParser(bytes(page));
  const cut = (): string[] => {
    assert.equal(parser.next(), "series");
    return [page.slice(parser.keyStart, parser.keyEnd), page.slice(parser.keyEnd, parser.lineEnd)];
  };
  assert.deepEqual(cut(), ["\n a ", "1\n"]);
  assert.deepEqual(cut(), ['b{c="d"}\t ', "2 3\n"]);
  parser.seek(6, "unknown");
  assert.deepEqual(cut(), ['b{c="d"}\t ', "2 3\n"]);
});

test("a zero byte at the start of a line ends a text page", () =>
  assert.deepEqual(outline(new TextParser(bytes("a 1\n\0b 2\n"))), ["__name__ a = 1 @ null"]));

test("OpenMetrics: start times come from _created lines", () => {
  const page = bytes(
    '# TYPE a counter\na_total{b="1"} 5\na_created{b="1"} 1.5\na_total{b="2"} 6\n' +
      'a_created{b="2"} 2.5\na_total{b="3"} 7\n# EOF\n',
  );
  const starts = (startTimestamps: boolean): (number | null)[] => {
    const parser = new OpenMetricsParser(page, { startTimestamps });
    const found: (number | null)[] = [];
    for (let entry = parser.next(); entry !== "end"; entry = parser.next()) {
      if (entry === "series") found.push(parser.startTimeMs);
    }
    return found;
  };
  assert.deepEqual(starts(true), [1500, 2500, null]);
  assert.deepEqual(starts(false), [null, null, null, null, null]);
});
