import assert from "node:assert/strict";
import { test } from "node:test";

import { Tally, type TestEvent } from "./tally-reporter.ts";

const file = "/tests/a.test.ts";
const start = (name: string, nesting = 0): TestEvent => ({
  type: "test:start",
  data: { name, nesting, file },
});
const pass = (name: string, nesting = 0, more: object = {}): TestEvent => ({
  type: "test:pass",
  data: { name, nesting, file, ...more },
});
const fail = (name: string, nesting: number, error: Error): TestEvent => ({
  type: "test:fail",
  data: { name, nesting, file, line: 7, details: { error } },
});
const wrapped = (failureType: string, cause?: Error) =>
  Object.assign(new Error("test failed", { cause }), { failureType });

/** The whole text of a run with these events. */
function print(...events: TestEvent[]): string {
  const tally = new Tally();
  return events.map((event) => tally.take(event)).join("") + tally.close();
}
const lastLine = (text: string) => text.trimEnd().split("\n").at(-1);

test("leaves count, suites and parents do not", () => {
  const suite = pass("s", 0, { details: { type: "suite" } });
  const text = print(pass("a", 1), pass("b", 1), suite, pass("c"), pass("d", 1), pass("parent"));
  assert.equal(lastLine(text), "4 passed, 0 failed, 0 skipped");
});

test("a parent fails by itself, or through its members and then not again", () => {
  const bad = fail("a", 1, wrapped("testCodeFailure", new Error("no")));
  assert.equal(
    lastLine(print(bad, fail("p", 0, wrapped("subtestsFailed")))),
    "0 passed, 1 failed, 0 skipped",
  );
  const own = fail("p", 0, wrapped("testCodeFailure", new Error("own")));
  assert.equal(lastLine(print(pass("a", 1), own)), "1 passed, 1 failed, 0 skipped");
});

test("skipped and to do are listed by reason", () => {
  const text = print(
    pass("a", 0, { skip: "no network" }),
    pass("b", 0, { todo: true }),
    pass("c", 0, { skip: true }),
  );
  assert.equal(lastLine(text), "0 passed, 0 failed, 3 skipped");
  assert.match(text, /SKIPPED 1: no network\n.* > a\n/);
  assert.match(text, /SKIPPED 1: to do\n/);
  assert.match(text, /SKIPPED 1: no reason given\n/);
});

test("a failure says where, and what was thrown", () => {
  const text = print(
    start("outer"),
    start("inner", 1),
    fail("inner", 1, wrapped("testCodeFailure", new Error("want 1, got 2"))),
  );
  assert.match(text, /FAILED .*a\.test\.ts > outer > inner \(line 7\)\n {2}Error: want 1, got 2\n/);
});

test("a file without a test fails", () => {
  assert.equal(lastLine(print(pass(file))), "0 passed, 1 failed, 0 skipped");
});
