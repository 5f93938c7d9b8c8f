/**
 * Metrics whose values are read when a page is asked for, from where they live anyway.
 */

import { renderLabels, type MetricFamily, type ValueMetric } from "@narthex/exposition/metric-family";
import { checkNames, type Collector } from "./collector.ts";

/** A value with its labels. */
export interface LabelledValue {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Options of a callback metric. */
export interface CallbackOptions {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge" | "untyped";
  /** A value, a list of labelled values, or null when there is none at the moment. */
  readonly read: () => number | readonly LabelledValue[] | null;
}

/** A metric that asks. */
export class CallbackMetric implements Collector {
  readonly #options: CallbackOptions;

  constructor(options: CallbackOptions) {
    checkNames(options);
    this.#options = options;
  }

  collect(): readonly MetricFamily[] {
    const { name, help, type, read } = this.#options;
    const got = read();
    if (got === null) return [];
    const metrics: ValueMetric[] =
      typeof got === "number" ? [{ labelText: "", value: got }] : got.map(labelled);
    return [{ name, help, type, metrics }];
  }
}

function labelled({ labels, value }: LabelledValue): ValueMetric {
  return { labelText: renderLabels(Object.entries(labels)), value };
}

/** An info metric: a gauge that is always 1, whose labels are the information. */
export function infoMetric(name: string, help: string, labels: Readonly<Record<string, string>>): Collector {
  return new CallbackMetric({ name, help, type: "gauge", read: () => [{ labels, value: 1 }] });
}
