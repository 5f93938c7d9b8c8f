import assert from "node:assert/strict";
import { test } from "node:test";

import { selectBenches } from "./bench.ts";
import { measure, printTable } from "./micro-bench.ts";

test("which benches run", () => {
  const paths = [
    "bench/peers/scrape.bench.ts",
    "packages/chunk/xor-chunk.bench.ts",
    "packages/chunk/xor-chunk.ts",
  ];
  assert.deepEqual(selectBenches(paths, []), ["packages/chunk/xor-chunk.bench.ts"]);
  assert.deepEqual(selectBenches(paths, ["peers/scrape"]), ["bench/peers/scrape.bench.ts"]);
  assert.deepEqual(selectBenches(paths, ["nothing"]), []);
});

test("a case that does many operations per call is divided by them", () => {
  let sum = 0;
  const work = () => {
    for (let i = 0; i < 20_000; i++) sum += i;
  };
  const rows = measure({ call: work, operation: { run: work, operations: 20_000 } }, 5, () => 40_000);
  assert.deepEqual(
    rows.map(({ name, instructions }) => [name, instructions]),
    [
      ["call", 40_000],
      ["operation", 2],
    ],
  );
  assert.ok(rows[1]!.nsPerOperation < rows[0]!.nsPerOperation, `${sum}`);
});

test("the table", () => {
  const row = { name: "a", nsPerOperation: 1234.5, errorPercent: 0.5 };
  const head = "| case | ns/op | op/s | ± |";
  assert.equal(
    printTable([{ ...row, instructions: undefined }]),
    `${head}\n| --- | ---: | ---: | ---: |\n| a | 1,230 | 810,000 | 0.5 % |`,
  );
  assert.match(printTable([{ ...row, instructions: 12.345 }]), /\| instructions\/op \|\n.*\n.*\| 12\.3 \|$/);
});
