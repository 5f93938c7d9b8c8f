/**
 * Type, help and unit of the metric families of a target, as its pages said.
 *
 * The targets of a job mostly say the same, so equal tables are one object: what a thousand targets say takes
 * the room of one.
 */

import { sameMetadata, unknownMetadata, metricType, type Metadata } from "@narthex/model/metadata";
import { fnv64a, hexOf } from "./target-hash.ts";

/** Metadata by family. Immutable. */
export type MetadataTable = ReadonlyMap<string, Metadata>;

/** A line that says something about a family. */
export interface MetadataFact {
  readonly kind: "help" | "type" | "unit";
  readonly family: string;
  readonly text: string;
}

/** A table without families. */
export const emptyMetadataTable: MetadataTable = new Map();

/** The distinct tables of a pool. */
export class MetadataTables {
  readonly #tables = new Map<string, WeakRef<Map<string, Metadata>>>();

  /** `table` with the facts added; `table` itself when they say nothing new. */
  extend(table: MetadataTable, facts: readonly MetadataFact[]): MetadataTable {
    const extended = new Map(table);
    let isSame = true;
    for (const fact of facts) {
      const known = extended.get(fact.family) ?? unknownMetadata;
      const next = amended(known, fact);
      if (extended.has(fact.family) && sameMetadata(known, next)) continue;
      extended.set(fact.family, next);
      isSame = false;
    }
    return isSame ? table : this.#shared(extended);
  }

  #shared(table: Map<string, Metadata>): MetadataTable {
    const key = hexOf(fnv64a(JSON.stringify([...table])));
    const known = this.#tables.get(key)?.deref();
    if (known !== undefined && equalTables(known, table)) return known;
    for (const [stale, ref] of this.#tables) if (ref.deref() === undefined) this.#tables.delete(stale);
    this.#tables.set(key, new WeakRef(table));
    return table;
  }
}

function amended(known: Metadata, { kind, text }: MetadataFact): Metadata {
  switch (kind) {
    case "help":
      return { ...known, help: text };
    case "unit":
      return { ...known, unit: text };
    case "type":
      return { ...known, type: metricType(text) ?? "unknown" };
  }
}

function equalTables(a: MetadataTable, b: MetadataTable): boolean {
  if (a.size !== b.size) return false;
  for (const [family, metadata] of a) {
    const other = b.get(family);
    if (other === undefined || !sameMetadata(metadata, other)) return false;
  }
  return true;
}
