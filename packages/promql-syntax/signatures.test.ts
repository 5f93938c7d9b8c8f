import assert from "node:assert/strict";
import { test } from "node:test";
import { functionSignatures } from "./signatures.ts";

test("there are 90 functions, 17 of them experimental", () => {
  assert.equal(functionSignatures.size, 90);
  assert.equal([...functionSignatures.values()].filter((signature) => signature.isExperimental).length, 17);
});

test("signatures", () => {
  const is = (name: string, args: readonly string[], variadic: number, returns: string) => {
    const signature = functionSignatures.get(name);
    assert.deepEqual(
      [signature?.args, signature?.variadic, signature?.returns],
      [args, variadic, returns],
      name,
    );
  };
  is("abs", ["instant vector"], 0, "instant vector");
  is("rate", ["range vector"], 0, "instant vector");
  is("time", [], 0, "scalar");
  is("scalar", ["instant vector"], 0, "scalar");
  is("max_of", ["scalar", "scalar"], 0, "scalar");
  is("round", ["instant vector", "scalar"], 1, "instant vector");
  is("hour", ["instant vector"], 1, "instant vector");
  is("quantile_over_time", ["scalar", "range vector"], 0, "instant vector");
  is("label_join", ["instant vector", "string", "string", "string"], -1, "instant vector");
  is("histogram_quantiles", ["instant vector", "string", "scalar", "scalar"], 9, "instant vector");
});
