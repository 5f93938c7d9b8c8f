import assert from "node:assert/strict";
import { test } from "node:test";
import { Labels } from "@narthex/model/labels";
import { compileRelabelRules, defaultRelabelRule } from "@narthex/model/relabel";
import { sampleLabels, type LabelRules } from "./sample-labels.ts";

const target = Labels.fromObject({ instance: "i:1", job: "j" });
const plain: LabelRules = {
  honorLabels: false,
  metricRelabeling: null,
  nameScheme: "utf8",
  labelLimit: 0,
  labelNameLengthLimit: 0,
  labelValueLengthLimit: 0,
};

/** `a=1,b=2` */
function pairs(text: string): string[] {
  return text.split(",").flatMap((pair) => pair.split("="));
}

test("target labels are laid over those of the page", () => {
  const is = (page: string, want: string, more: Partial<LabelRules> = {}) => {
    const labels = sampleLabels(pairs(page), target, { ...plain, ...more });
    const shown =
      labels === null ? "" : [...labels.entries()].map(([name, value]) => `${name}=${value}`).join(",");
    assert.equal(shown, want, page);
  };
  is("__name__=m", "__name__=m,instance=i:1,job=j");
  is("__name__=m,z=1,a=2", "__name__=m,a=2,instance=i:1,job=j,z=1");
  is("__name__=m,job=x", "__name__=m,exported_job=x,instance=i:1,job=j");
  is(
    "__name__=m,job=x,exported_job=y",
    "__name__=m,exported_exported_job=x,exported_job=y,instance=i:1,job=j",
  );
  is("__name__=m,job=", "__name__=m,instance=i:1,job=j");
  is("__name__=m,empty=", "__name__=m,instance=i:1,job=j");
  is("__name__=m,job=x", "__name__=m,instance=i:1,job=x", { honorLabels: true });
  is("__name__=m,job=", "__name__=m,instance=i:1", { honorLabels: true });
  const drop = compileRelabelRules([
    { ...defaultRelabelRule, action: "drop", sourceLabels: ["a"], regex: "x" },
  ]);
  is("__name__=m,a=x", "", { metricRelabeling: drop });
  is("__name__=m,a=y", "__name__=m,a=y,instance=i:1,job=j", { metricRelabeling: drop });
});

test("lines that fail the scrape", () => {
  const fails = (page: string, why: string, more: Partial<LabelRules> = {}) =>
    assert.throws(() => sampleLabels(pairs(page), target, { ...plain, ...more }), { message: why }, page);
  fails("a=1", "missing metric name (__name__ label)");
  fails("__name__=m,a=1,a=2", 'label name "a" is not unique: invalid sample');
  fails("__name__=m.x", 'invalid metric name or label names: {__name__="m.x", instance="i:1", job="j"}', {
    nameScheme: "legacy",
  });
  fails("__name__=m,a=1", "label_limit exceeded (metric: m, number of labels: 4, limit: 3)", {
    labelLimit: 3,
  });
  fails(
    "__name__=m,abcdefghi=1",
    "label_name_length_limit exceeded (metric: m, label name: abcdefghi, length: 9, limit: 8)",
    { labelNameLengthLimit: 8 },
  );
  fails(
    "__name__=m,a=éé",
    'label_value_length_limit exceeded (metric: m, label name: a, value: "éé", length: 4, limit: 3)',
    { labelValueLengthLimit: 3 },
  );
});
