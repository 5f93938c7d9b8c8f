/**
 * The machine's time, its zone, and the kernel's clock sources.
 */

import type { MetricFamily } from "@narthex/exposition/metric-family";
import { buildAll, FamilyBuilder, single } from "../family-builder.ts";
import type { NodeHost } from "./node-host.ts";

const sources = "devices/system/clocksource";

/** The time collector. */
export class TimeCollector {
  readonly #host: NodeHost;

  constructor(host: NodeHost) {
    this.#host = host;
  }

  collect(): MetricFamily[] {
    const now = new Date(this.#host.clock.nowMs());
    const zone = new FamilyBuilder(
      "node_time_zone_offset_seconds",
      "System time zone offset in seconds.",
      "gauge",
    );
    zone.add(-60 * now.getTimezoneOffset() + 0, { time_zone: zoneName(now) });
    const available = new FamilyBuilder(
      "node_time_clocksource_available_info",
      "Available clocksources read from '/sys/devices/system/clocksource'.",
      "gauge",
    );
    const current = new FamilyBuilder(
      "node_time_clocksource_current_info",
      "Current clocksource read from '/sys/devices/system/clocksource'.",
      "gauge",
    );
    for (const [i, name] of this.#host.listSys(sources, /^clocksource[0-9]/u).entries()) {
      const device = String(i);
      const names = this.#host.sys(`${sources}/${name}/available_clocksource`) ?? "";
      for (const clocksource of names.split(/\s+/u))
        if (clocksource !== "") available.add(1, { device, clocksource });
      const used = this.#host.sys(`${sources}/${name}/current_clocksource`);
      if (used !== null) current.add(1, { device, clocksource: used });
    }
    const seconds = single(
      "node_time_seconds",
      "System time in seconds since epoch (1970).",
      "gauge",
      now.getTime() / 1000,
    );
    return [seconds, ...buildAll([zone, available, current])];
  }
}

/**
 * The zone's abbreviation. English has some of them only in its American form, others only in its British
 * one.
 */
function zoneName(now: Date): string {
  const names = ["en-US", "en-GB"].map(
    (locale) =>
      new Intl.DateTimeFormat(locale, { timeZoneName: "short" })
        .formatToParts(now)
        .find(({ type }) => type === "timeZoneName")?.value ?? "",
  );
  return names.find((name) => /^[A-Z]+$/u.test(name)) ?? names[0] ?? "";
}
