import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import {
  FloatSyntaxError,
  formatFloat,
  formatGoE,
  formatGoF,
  formatGoG,
  formatOpenMetricsFloat,
  formatTextFloat,
  parseGoFloat,
} from "./go-float.ts";

test("formatFloat is the form of API samples", () => {
  const is = (value: number, text: string) => assert.equal(formatFloat(value), text);
  is(0, "0");
  is(-0, "-0");
  is(1, "1");
  is(-1.5, "-1.5");
  is(1e6, "1000000");
  is(1e20, "100000000000000000000");
  is(1e21, "1e+21");
  is(-1.25e300, "-1.25e+300");
  is(0.000001, "0.000001");
  is(0.00000099, "9.9e-07");
  is(5e-324, "5e-324");
  is(NaN, "NaN");
  is(Infinity, "+Inf");
  is(-Infinity, "-Inf");
});

test("formatGoG is %g with the shortest digits", () => {
  const is = (value: number, text: string) => assert.equal(formatGoG(value), text);
  is(0, "0");
  is(-0, "-0");
  is(100000, "100000");
  is(123456, "123456");
  is(1e6, "1e+06");
  is(1234567, "1.234567e+06");
  is(0.0001, "0.0001");
  is(0.00001, "1e-05");
  is(1e100, "1e+100");
  is(Infinity, "+Inf");
  is(NaN, "NaN");
});

test("formatOpenMetricsFloat always shows a float", () => {
  const is = (value: number, text: string) => assert.equal(formatOpenMetricsFloat(value), text);
  is(1, "1.0");
  is(-0, "0.0");
  is(0.5, "0.5");
  is(1e6, "1e+06");
  is(Infinity, "+Inf");
  is(-Infinity, "-Inf");
  is(NaN, "NaN");
});

test("formatGoE and formatGoF are %e and %f with the shortest digits", () => {
  assert.equal(formatGoE(1), "1e+00");
  assert.equal(formatGoE(0), "0e+00");
  assert.equal(formatGoE(-0.25), "-2.5e-01");
  assert.equal(formatGoF(1e21), "1000000000000000000000");
  assert.equal(formatGoF(1e-7), "0.0000001");
});

test("parseGoFloat reads what Go reads", () => {
  const is = (text: string, value: number) => assert.ok(Object.is(parseGoFloat(text), value), text);
  is("1", 1);
  is("+1.", 1);
  is(".5e1", 5);
  is("-0", -0);
  is("1e-400", 0);
  is("inf", Infinity);
  is("+Inf", Infinity);
  is("-infinity", -Infinity);
  is("nAn", NaN);
  is("1_000.5", 1000.5);
  is("0x1p-2", 0.25);
  is("0x_1F.8p0", 31.5);
  is("0x1p-1074", 5e-324);
  is("0x1p-1075", 0);
  is("0x1.8p-1074", 1e-323);
  is("0x1.fffffffffffff8p1022", 2 ** 1023);

  const fails = (text: string, why: string) =>
    assert.throws(() => parseGoFloat(text), new FloatSyntaxError(text, why === "range"), text);
  fails("", "syntax");
  fails(" 1", "syntax");
  fails("1 ", "syntax");
  fails("e5", "syntax");
  fails(".", "syntax");
  fails("+-1", "syntax");
  fails("+NaN", "syntax");
  fails("0x1", "syntax");
  fails("0x.p1", "syntax");
  fails("1__0", "syntax");
  fails("_1", "syntax");
  fails("1_", "syntax");
  fails("infin", "syntax");
  fails("1e999", "range");
  fails("0x1p1024", "range");
});

test("expositions refuse hexadecimal and underscores", () => {
  const fails = (text: string) =>
    assert.throws(() => parseGoFloat(text, { hexAndUnderscores: false }), FloatSyntaxError);
  fails("0x1p1");
  fails("1_000");
  assert.equal(parseGoFloat("1e3", { hexAndUnderscores: false }), 1000);
});

test("error texts are the original's", () => {
  assert.equal(new FloatSyntaxError("a", false).message, 'strconv.ParseFloat: parsing "a": invalid syntax');
  assert.equal(
    new FloatSyntaxError("1e999", true).message,
    'strconv.ParseFloat: parsing "1e999": value out of range',
  );
});

interface NumberCase {
  readonly bits: string;
  readonly text: string;
  readonly openmetrics: string;
  readonly le_openmetrics: string;
}

const numbers = new URL("../../../shared/fixtures/exposition/numbers.json", import.meta.url);
const absent = existsSync(numbers) ? false : "no conformance data beside the checkout";

test("every conformance vector prints as in the original", { skip: absent }, () => {
  const { cases } = JSON.parse(readFileSync(numbers, "utf8")) as { cases: NumberCase[] };
  assert.ok(cases.length > 200);
  for (const { bits, text, openmetrics, le_openmetrics: le } of cases) {
    const value = Buffer.from(bits, "hex").readDoubleBE(0);
    assert.equal(formatTextFloat(value), text, bits);
    assert.equal(formatOpenMetricsFloat(value), openmetrics, bits);
    assert.equal(formatOpenMetricsFloat(value), le, bits);
  }
});
