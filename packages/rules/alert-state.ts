/**
 * The life of the alerts of one rule, without queries, templates and clocks.
 *
 *   evaluation's elements → ALERT SET → active alerts (ALERTS series), alerts that are due to be sent
 *
 *   new → pending → firing (after `for`) → kept firing (`keep_firing_for`) → inactive (kept 15 minutes)
 *
 * Invariants
 *  - A pending alert is never due; a pending alert whose element vanishes is forgotten.
 *  - An inactive alert has a time of resolution, no other alert has one (alert-state.test.ts).
 */

import type { Labels } from "@narthex/model/labels";

/** The states, as the API and the label `alertstate` name them. */
export type AlertState = "inactive" | "pending" | "firing";

/** How long a resolved alert is kept, so that its resolution is sent more than once. */
export const resolvedRetentionMs = 15 * 60_000;

/** An element of a rule's result, labels and annotations expanded; `labels` hold `alertname`. */
export interface AlertElement {
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly value: number;
}

/** One alert. Times are milliseconds, null for never. Owned by its set: others only read. */
export interface Alert {
  readonly labels: Labels;
  annotations: Labels;
  value: number;
  state: AlertState;
  activeAtMs: number;
  firedAtMs: number | null;
  resolvedAtMs: number | null;
  keepFiringSinceMs: number | null;
  lastSentMs: number | null;
  /** Until when receivers may take it for firing. */
  validUntilMs: number | null;
}

/** Settings of a rule. A limit of 0 is none. */
export interface AlertTimes {
  readonly holdMs: number;
  readonly keepFiringMs: number;
  readonly limit: number;
}

/** Why an evaluation's elements were refused; `message` is the original's. */
export class AlertRefusal extends Error {
  override readonly name = "AlertRefusal";
}

/** The alerts of one rule. */
export class AlertSet {
  readonly #times: AlertTimes;
  #alerts = new Map<string, Alert>();

  constructor(times: AlertTimes) {
    this.#times = times;
  }

  /** All alerts, the resolved ones that are still kept included. */
  get all(): readonly Readonly<Alert>[] {
    return [...this.#alerts.values()];
  }

  /** Pending and firing alerts. */
  get active(): readonly Readonly<Alert>[] {
    return this.all.filter((alert) => alert.resolvedAtMs === null);
  }

  /** The strongest state of any alert. */
  get state(): AlertState {
    const states = new Set(this.all.map(({ state }) => state));
    if (states.has("firing")) return "firing";
    return states.has("pending") ? "pending" : "inactive";
  }

  /** Takes over copies of the alerts of the rule's predecessor. */
  copyFrom(other: AlertSet): void {
    for (const [key, alert] of other.#alerts) this.#alerts.set(key, { ...alert });
  }

  /**
   * Moves on to an evaluation at `timeMs`; gives the alerts that are active then. Throws `AlertRefusal`: for
   * equal label sets nothing has changed, beyond the limit all alerts are forgotten.
   */
  update(elements: readonly AlertElement[], timeMs: number): readonly Readonly<Alert>[] {
    const seen = this.#admit(elements, timeMs);
    const active: Alert[] = [];
    for (const [key, alert] of this.#alerts) {
      if (seen.has(key)) alert.keepFiringSinceMs = null;
      else if (!this.#isKept(key, alert, timeMs)) continue;
      active.push(alert);
      this.#settle(alert, timeMs);
    }
    const { limit } = this.#times;
    if (limit > 0 && active.length > limit) {
      this.#alerts = new Map();
      throw new AlertRefusal(`exceeded limit of ${limit} with ${active.length} alerts`);
    }
    return active;
  }

  /** The alerts to be sent at `timeMs`, as copies, marked as sent. `intervalMs` is the group's. */
  takeDue(timeMs: number, resendDelayMs: number, intervalMs: number): readonly Alert[] {
    const due: Alert[] = [];
    for (const alert of this.#alerts.values()) {
      if (!isDue(alert, timeMs, resendDelayMs)) continue;
      alert.lastSentMs = timeMs;
      // Room for some failures of evaluation or delivery.
      alert.validUntilMs = timeMs + 4 * Math.max(intervalMs, resendDelayMs);
      due.push({ ...alert });
    }
    return due;
  }

  /** Refreshes known alerts, adds new ones; gives the keys of the elements. */
  #admit(elements: readonly AlertElement[], timeMs: number): ReadonlySet<string> {
    const byKey = new Map(elements.map((element) => [JSON.stringify(element.labels.pairs), element]));
    if (byKey.size < elements.length) {
      throw new AlertRefusal("vector contains metrics with the same labelset after applying alert labels");
    }
    for (const [key, { labels, annotations, value }] of byKey) {
      const known = this.#alerts.get(key);
      if (known !== undefined && known.state !== "inactive") {
        known.annotations = annotations;
        known.value = value;
      } else {
        this.#alerts.set(key, { ...freshAlert, labels, annotations, value, activeAtMs: timeMs });
      }
    }
    return new Set(byKey.keys());
  }

  /** Whether an alert without element goes on firing; if not it is resolved or forgotten. */
  #isKept(key: string, alert: Alert, timeMs: number): boolean {
    const { keepFiringMs } = this.#times;
    if (alert.state === "firing" && keepFiringMs > 0) {
      alert.keepFiringSinceMs ??= timeMs;
      if (timeMs - alert.keepFiringSinceMs < keepFiringMs) return true;
    }
    const isOld = alert.resolvedAtMs !== null && timeMs - alert.resolvedAtMs > resolvedRetentionMs;
    if (alert.state === "pending" || isOld) this.#alerts.delete(key);
    if (alert.state !== "inactive") {
      alert.state = "inactive";
      alert.resolvedAtMs = timeMs;
    }
    return false;
  }

  /** Pending or firing, by how long the alert is active; `for` may have grown by a reload. */
  #settle(alert: Alert, timeMs: number): void {
    const isHeld = timeMs - alert.activeAtMs < this.#times.holdMs;
    if (alert.state === "pending" && !isHeld) {
      alert.state = "firing";
      alert.firedAtMs = timeMs;
    } else if (alert.state === "firing" && isHeld) {
      Object.assign(alert, { state: "pending", firedAtMs: null, lastSentMs: null, keepFiringSinceMs: null });
    }
  }
}

const freshAlert = {
  state: "pending",
  firedAtMs: null,
  resolvedAtMs: null,
  keepFiringSinceMs: null,
  lastSentMs: null,
  validUntilMs: null,
} as const;

function isDue(alert: Alert, timeMs: number, resendDelayMs: number): boolean {
  if (alert.state === "pending") return false;
  const sentMs = alert.lastSentMs ?? -Infinity;
  return (alert.resolvedAtMs ?? -Infinity) > sentMs || sentMs + resendDelayMs < timeMs;
}
