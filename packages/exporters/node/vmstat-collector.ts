/**
 * Fields of /proc/vmstat that a pattern chooses.
 */

import type { MetricFamily } from "@narthex/exposition/metric-family";
import type { RegexMatcher } from "@narthex/regex/matcher";
import { single } from "../family-builder.ts";
import { compileAnywhere } from "./device-filter.ts";
import type { NodeHost } from "./node-host.ts";

/** Settings of the vmstat collector. */
export interface VmstatSettings {
  /** A pattern. */
  readonly fields: string;
}

/** The vmstat collector. */
export class VmstatCollector {
  readonly #host: NodeHost;
  readonly #fields: RegexMatcher;

  constructor(host: NodeHost, { fields }: VmstatSettings) {
    this.#host = host;
    this.#fields = compileAnywhere(fields);
  }

  collect(): MetricFamily[] {
    const families: MetricFamily[] = [];
    for (const line of this.#host.proc("vmstat").split("\n")) {
      const [name = "", number] = line.split(" ");
      if (number === undefined || !this.#fields.matches(name)) continue;
      const help = `/proc/vmstat information field ${name}.`;
      families.push(single(`node_vmstat_${name}`, help, "untyped", Number(number)));
    }
    return families;
  }
}
