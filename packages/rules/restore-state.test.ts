import assert from "node:assert/strict";
import { test } from "node:test";
import { restoredActiveAtMs } from "./restore-state.ts";

test("restoredActiveAtMs", () => {
  const minute = 60_000;
  /** Active at minute 0, last seen at minute `downAt`, restored at minute `now`, grace 10 minutes. */
  const is = (hold: number, downAt: number, now: number, wanted: number) => {
    const sample = { timeMs: downAt * minute + 250, activeAtSeconds: 0 };
    const restored = restoredActiveAtMs(sample, hold * minute, 10 * minute, now * minute);
    assert.equal(restored, wanted * minute, `${hold} ${downAt} ${now}`);
  };
  is(30, 30, 50, 0); // had fired
  is(30, 25, 50, 30); // fires when the grace period ends, at minute 60
  is(30, 20, 50, 30); // exactly the grace period left: shifted by the outage
  is(30, 5, 50, 45); // waits 25 minutes more, as before
});
