import assert from "node:assert/strict";
import { test } from "node:test";
import { Form, FormError } from "./form.ts";

test("forms read as in Go", () => {
  const is = (text: string, want: Record<string, readonly string[]>) => {
    const form = new Form();
    form.appendText(text);
    assert.deepEqual(Object.fromEntries(form.names().map((name) => [name, form.getAll(name)])), want, text);
  };
  is("", {});
  is("query=up&time=1", { query: ["up"], time: ["1"] });
  is("match[]=a&match[]=b", { "match[]": ["a", "b"] });
  is("q=a%2Bb+c%20d&e", { q: ["a+b c d"], e: [""] });
  is("%C3%A9=1", { é: ["1"] });
  is("a=%ff", { a: ["\ufffd"] });

  const fails = (text: string, why: string) =>
    assert.throws(
      () => new Form().appendText(text),
      (error: unknown) => error instanceof FormError && error.message === why,
      text,
    );
  fails("a=%zz", 'invalid URL escape "%zz"');
  fails("a=%", 'invalid URL escape "%"');
  fails("a=1;b=2", "invalid semicolon separator in query");
});
