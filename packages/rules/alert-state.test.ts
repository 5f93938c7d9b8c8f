import assert from "node:assert/strict";
import { test } from "node:test";
import { Labels } from "@narthex/model/labels";
import { AlertSet, type AlertElement } from "./alert-state.ts";

const minute = 60_000;

function element(name: string): AlertElement {
  return { labels: Labels.fromObject({ alertname: name }), annotations: Labels.empty, value: 1 };
}

/** States after one evaluation per minute; "a" is there where `presence` has an x. "-" is no alert. */
function states(presence: string, holdMs: number, keepFiringMs: number): string {
  const set = new AlertSet({ holdMs, keepFiringMs, limit: 0 });
  return [...presence]
    .map((mark, i) => {
      set.update(mark === "x" ? [element("a")] : [], i * minute);
      return set.all.length === 0 ? "-" : (set.state[0] as string);
    })
    .join("");
}

test("states of an alert", () => {
  const is = (presence: string, hold: number, keep: number, wanted: string) =>
    assert.equal(states(presence, hold * minute, keep * minute), wanted, presence);
  is("xx..", 0, 0, "ffii");
  is("xxxx.", 2, 0, "ppffi");
  is("xx.xx", 2, 0, "pp-pp"); // a pending alert starts over
  is("x....", 0, 2, "fffii"); // kept for two minutes
  is("x.x...", 0, 2, "fffffi"); // the element came back: counted anew
  is(`x${".".repeat(17)}`, 0, 0, `f${"i".repeat(16)}-`); // resolved for more than 15 minutes
  is("x.x", 0, 0, "fif");
});

test("alerts are due when they fire, after the delay, and when they resolve", () => {
  const set = new AlertSet({ holdMs: minute, keepFiringMs: 0, limit: 0 });
  const due = (timeMs: number, ...elements: AlertElement[]) => {
    set.update(elements, timeMs);
    return set.takeDue(timeMs, minute, 15_000).map(({ state, validUntilMs }) => [state, validUntilMs]);
  };
  assert.deepEqual(due(0, element("a")), []);
  assert.deepEqual(due(minute, element("a")), [["firing", 5 * minute]]);
  assert.deepEqual(due(2 * minute, element("a")), []); // exactly the delay is not enough
  assert.deepEqual(due(2 * minute + 1, element("a")), [["firing", 6 * minute + 1]]);
  assert.deepEqual(due(2 * minute + 2), [["inactive", 6 * minute + 2]]);
});

test("refusals, and a longer `for` after a reload", () => {
  const set = new AlertSet({ holdMs: 0, keepFiringMs: 0, limit: 1 });
  set.update([element("a")], 0);
  assert.throws(
    () => set.update([element("a"), element("a")], 1),
    /same labelset after applying alert labels/u,
  );
  assert.equal(set.state, "firing");
  const next = new AlertSet({ holdMs: minute, keepFiringMs: 0, limit: 1 });
  next.copyFrom(set);
  next.update([element("a")], 2);
  assert.equal(next.state, "pending");
  assert.equal(set.state, "firing");
  assert.throws(
    () => set.update([element("a"), element("b")], 3),
    /^AlertRefusal: exceeded limit of 1 with 2 alerts$/u,
  );
  assert.equal(set.all.length, 0);
});
