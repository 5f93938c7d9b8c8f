import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { forSeeds } from "@narthex/platform/for-seeds";
import { Labels } from "@narthex/model/labels";
import { defaultRelabelRule, type RelabelRule } from "@narthex/model/relabel";
import { relabelSteps } from "./relabel-steps.ts";

const rule = (more: Partial<RelabelRule>): RelabelRule => ({ ...defaultRelabelRule, ...more });

test("each rule shows what it leaves; after a drop the rest is empty", () => {
  const steps = relabelSteps(Labels.fromObject({ a: "x", b: "y" }), [
    rule({ sourceLabels: ["a"], regex: "(.)", targetLabel: "c", replacement: "$1$1" }),
    rule({ action: "labeldrop", regex: "b" }),
    rule({ action: "drop", sourceLabels: ["c"], regex: "xx" }),
    rule({ action: "hashmod", sourceLabels: ["a"], targetLabel: "h", modulus: 8 }),
  ]);
  assert.deepEqual(
    steps.map(({ output, keep }) => [output.toObject(), keep]),
    [
      [{ a: "x", b: "y", c: "xx" }, true],
      [{ a: "x", c: "xx" }, true],
      [{}, false],
      [{}, false],
    ],
  );
  assert.deepEqual(
    steps.map((step) => step.rule),
    [
      {
        source_labels: ["a"],
        separator: ";",
        regex: "(.)",
        target_label: "c",
        replacement: "$1$1",
        action: "replace",
      },
      { separator: ";", regex: "b", replacement: "$1", action: "labeldrop" },
      { source_labels: ["c"], separator: ";", regex: "xx", replacement: "$1", action: "drop" },
      {
        source_labels: ["a"],
        separator: ";",
        regex: "(.*)",
        modulus: 8,
        target_label: "h",
        replacement: "$1",
        action: "hashmod",
      },
    ],
  );
});

test("targets are spread as the end of their MD5 says, read from the left", () => {
  forSeeds(200, (random) => {
    const [a, b] = [random.below(1_000_000), random.below(1_000_000)].map((n) => `h${n}.example:${n % 99}ü`);
    const modulus = 1 + random.below(1_000);
    const labels = Labels.fromObject({ a: a as string, b: b as string });
    const sharded = rule({ action: "hashmod", sourceLabels: ["a", "b"], targetLabel: "s", modulus });
    const digest = createHash("md5").update(`${a};${b}`).digest();
    const want = digest.readBigUInt64BE(8) % BigInt(modulus);
    assert.equal(relabelSteps(labels, [sharded])[0]?.output.get("s"), String(want));
  });
});
