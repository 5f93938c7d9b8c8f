/**
 * Open files of the whole machine from /proc/sys/fs/file-nr.
 */

import type { MetricFamily } from "@narthex/exposition/metric-family";
import { single } from "../family-builder.ts";
import type { NodeHost } from "./node-host.ts";

/** The filefd collector. */
export class FilefdCollector {
  readonly #host: NodeHost;

  constructor(host: NodeHost) {
    this.#host = host;
  }

  collect(): MetricFamily[] {
    const [allocated, , maximum] = this.#host.proc("sys/fs/file-nr").trim().split("\t");
    if (maximum === undefined) throw new Error("cannot read file-nr: want three numbers");
    return [
      single("node_filefd_allocated", "File descriptor statistics: allocated.", "gauge", Number(allocated)),
      single("node_filefd_maximum", "File descriptor statistics: maximum.", "gauge", Number(maximum)),
    ];
  }
}
