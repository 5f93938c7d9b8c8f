/**
 * The series of an operator's rows: label sets as symbol ids, and the tables made of them for grouping and
 * joining, once per query.
 *
 * Invariants
 *  - The ids of one set are name, value, name, value, … by ascending name text; no value is the empty text
 *    (id 0).
 */

import { compareUtf8 } from "@narthex/bytes/utf8-order";
import { Labels, metricNameLabel } from "@narthex/model/labels";
import type { SeriesSet } from "@narthex/storage/querier";
import type { QuerySymbols } from "@narthex/storage/query-symbols";

/** Label sets, one after the other. Plain data; never changed once made. */
export interface SeriesTable {
  readonly count: number;
  readonly labelIds: Uint32Array;
  /** Set i has the ids from `labelEnds[i - 1]` (0 for the first) to `labelEnds[i]`. */
  readonly labelEnds: Uint32Array;
  /**
   * Per series, whether its metric name goes away at the end of the query (delayed name removal); null:
   * none.
   */
  readonly dropsName: Uint8Array | null;
}

/** No series at all. */
export const emptyTable: SeriesTable = {
  count: 0,
  labelIds: new Uint32Array(0),
  labelEnds: new Uint32Array(0),
  dropsName: null,
};

/** One series without labels, as scalars are. */
export const scalarTable: SeriesTable = {
  count: 1,
  labelIds: new Uint32Array(0),
  labelEnds: new Uint32Array(1),
  dropsName: null,
};

/** The series of a selection; their labels are looked up when something asks for them first. */
export function selectedSeries(set: SeriesSet): SeriesTable {
  return {
    count: set.count,
    get labelIds() {
      return set.labelIds;
    },
    get labelEnds() {
      return set.labelEnds;
    },
    dropsName: null,
  };
}

/** The table with its labels looked up, for what outlives the query's reading. */
export function settled({ count, labelIds, labelEnds, dropsName }: SeriesTable): SeriesTable {
  return { count, labelIds, labelEnds, dropsName };
}

/** Where the ids of set `i` start. */
export function labelStart(table: SeriesTable, i: number): number {
  return i === 0 ? 0 : table.labelEnds[i - 1];
}

/** The label set of a series as text. */
export function labelsOf(table: SeriesTable, i: number, symbols: QuerySymbols): Labels {
  const ids = table.labelIds.subarray(labelStart(table, i), table.labelEnds[i]);
  return new Labels(Array.from(ids, (id) => symbols.text(id)));
}

/** The value id of the label `nameId` of series `i`, 0 when absent. */
export function labelValueId(table: SeriesTable, i: number, nameId: number): number {
  const { labelIds } = table;
  for (let at = labelStart(table, i); at < table.labelEnds[i]; at += 2) {
    if (labelIds[at] === nameId) return labelIds[at + 1];
  }
  return 0;
}

/** The series `order[0]`, `order[1]`, … of a table. */
export function pickSeries(table: SeriesTable, order: ArrayLike<number>): SeriesTable {
  const { labelIds, labelEnds, dropsName } = table;
  const ends = new Uint32Array(order.length);
  let used = 0;
  for (let i = 0; i < order.length; i++) {
    used += labelEnds[order[i]] - labelStart(table, order[i]);
    ends[i] = used;
  }
  const ids = new Uint32Array(used);
  let at = 0;
  for (let i = 0; i < order.length; i++) {
    for (let from = labelStart(table, order[i]); from < labelEnds[order[i]]; from++)
      ids[at++] = labelIds[from];
  }
  const drops = dropsName === null ? null : Uint8Array.from(order, (i) => dropsName[i]);
  return { count: order.length, labelIds: ids, labelEnds: ends, dropsName: drops };
}

/**
 * The table without the labels of `names`, when every series has the same values of them: then no two sets
 * become equal. Null when values differ.
 */
export function withoutConstantLabels(table: SeriesTable, names: readonly number[]): SeriesTable | null {
  const { count, labelIds, labelEnds } = table;
  const ids = new Uint32Array(labelIds.length);
  const ends = new Uint32Array(count);
  const constants = names.map((name) => (count === 0 ? 0 : labelValueId(table, 0, name)));
  const wanted = constants.filter((value) => value !== 0).length;
  let [at, used] = [0, 0];
  for (let i = 0; i < count; i++) {
    let found = 0;
    for (; at < labelEnds[i]; at += 2) {
      const name = names.indexOf(labelIds[at]);
      if (name < 0) {
        ids[used++] = labelIds[at];
        ids[used++] = labelIds[at + 1];
      } else if (constants[name] === labelIds[at + 1]) found++;
      else return null;
    }
    if (found !== wanted) return null;
    ends[i] = used;
  }
  return { count, labelIds: ids.subarray(0, used), labelEnds: ends, dropsName: table.dropsName };
}

/** One label set being changed. */
export class LabelSet {
  ids = new Uint32Array(64);
  /** How many ids are in use. */
  length = 0;

  clear(): this {
    this.length = 0;
    return this;
  }

  load(table: SeriesTable, i: number): this {
    const start = labelStart(table, i);
    this.#reserve(table.labelEnds[i] - start);
    this.ids.set(table.labelIds.subarray(start, table.labelEnds[i]));
    this.length = table.labelEnds[i] - start;
    return this;
  }

  /** Removes the labels whose name ids are in `names`. */
  remove(names: readonly number[]): this {
    return this.#filter(names, false);
  }

  /** Removes all labels but those in `names`. */
  keep(names: readonly number[]): this {
    return this.#filter(names, true);
  }

  /** Writes a label over what is at `at`, or behind the last one; `length` is the caller's to set. */
  put(at: number, nameId: number, valueId: number): void {
    if (at + 2 > this.ids.length) this.#reserve(at + 2, at);
    this.ids[at] = nameId;
    this.ids[at + 1] = valueId;
  }

  get(nameId: number): number {
    for (let at = 0; at < this.length; at += 2) if (this.ids[at] === nameId) return this.ids[at + 1];
    return 0;
  }

  /** Sets a label, keeping the order of names; value id 0 removes it. */
  set(nameId: number, valueId: number, symbols: QuerySymbols): this {
    this.#filter([nameId], false);
    if (valueId === 0) return this;
    this.#reserve(this.length + 2);
    const name = symbols.text(nameId);
    let at = this.length;
    while (at > 0 && compareUtf8(symbols.text(this.ids[at - 2]), name) > 0) at -= 2;
    this.ids.copyWithin(at + 2, at, this.length);
    this.ids[at] = nameId;
    this.ids[at + 1] = valueId;
    this.length += 2;
    return this;
  }

  #filter(names: readonly number[], wanted: boolean): this {
    let kept = 0;
    for (let at = 0; at < this.length; at += 2) {
      if (names.includes(this.ids[at]) !== wanted) continue;
      this.ids[kept] = this.ids[at];
      this.ids[kept + 1] = this.ids[at + 1];
      kept += 2;
    }
    this.length = kept;
    return this;
  }

  #reserve(length: number, kept = this.length): void {
    if (length <= this.ids.length) return;
    const grown = new Uint32Array(2 * length);
    grown.set(this.ids.subarray(0, kept));
    this.ids = grown;
  }
}

/** Collects distinct label sets and numbers them in order of first appearance. */
export class LabelSetIndex {
  #ids = new Uint32Array(256);
  #used = 0;
  #ends = new Uint32Array(64);
  #count = 0;
  /** Open addressing: set number + 1, 0 for free. */
  #slots = new Uint32Array(128);

  get count(): number {
    return this.#count;
  }

  /** The number of the set, given out now if it is new. */
  add(set: LabelSet): number {
    if (2 * this.#count >= this.#slots.length) this.#grow();
    const slot = this.#find(set.ids, 0, set.length);
    if (this.#slots[slot] !== 0) return this.#slots[slot] - 1;
    this.#append(set);
    this.#slots[slot] = this.#count;
    return this.#count - 1;
  }

  toTable(dropsName: Uint8Array | null = null): SeriesTable {
    return {
      count: this.#count,
      labelIds: this.#ids.slice(0, this.#used),
      labelEnds: this.#ends.slice(0, this.#count),
      dropsName,
    };
  }

  #append(set: LabelSet): void {
    if (this.#used + set.length > this.#ids.length) {
      const grown = new Uint32Array(2 * (this.#used + set.length));
      grown.set(this.#ids);
      this.#ids = grown;
    }
    if (this.#count === this.#ends.length) {
      const grown = new Uint32Array(2 * this.#count);
      grown.set(this.#ends);
      this.#ends = grown;
    }
    this.#ids.set(set.ids.subarray(0, set.length), this.#used);
    this.#used += set.length;
    this.#ends[this.#count++] = this.#used;
  }

  #find(ids: Uint32Array, from: number, end: number): number {
    const mask = this.#slots.length - 1;
    let slot = hashIds(ids, from, end) & mask;
    while (this.#slots[slot] !== 0 && !this.#equals(this.#slots[slot] - 1, ids, from, end)) {
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  #equals(set: number, ids: Uint32Array, from: number, end: number): boolean {
    const start = set === 0 ? 0 : this.#ends[set - 1];
    if (this.#ends[set] - start !== end - from) return false;
    for (let i = from; i < end; i++) if (ids[i] !== this.#ids[start + i - from]) return false;
    return true;
  }

  #grow(): void {
    this.#slots = new Uint32Array(2 * this.#slots.length);
    for (let set = 0; set < this.#count; set++) {
      const start = set === 0 ? 0 : this.#ends[set - 1];
      this.#slots[this.#find(this.#ids, start, this.#ends[set])] = set + 1;
    }
  }
}

function hashIds(ids: Uint32Array, from: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let i = from; i < end; i++) {
    hash = Math.imul(hash ^ ids[i], 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  return hash >>> 0;
}

/** Label sets numbered: `indexOf[i]` is the number of what became of set i. */
export interface Numbering {
  readonly indexOf: Uint32Array;
  readonly sets: LabelSetIndex;
}

/** Numbers the sets that `change` makes of the sets of `table`. */
export function numberSets(
  table: SeriesTable,
  change: (set: LabelSet, i: number) => void,
  sets = new LabelSetIndex(),
): Numbering {
  const indexOf = new Uint32Array(table.count);
  const set = new LabelSet();
  for (let i = 0; i < table.count; i++) {
    change(set.load(table, i), i);
    indexOf[i] = sets.add(set);
  }
  return { indexOf, sets };
}

/** Name ids of the labels that describe the metric itself and go away with its name. */
export function metricLabelIds(symbols: QuerySymbols): readonly number[] {
  return [metricNameLabel, "__type__", "__unit__"].map((name) => symbols.intern(name));
}

/** The numbers of the series in the order of their labels, or null when they are in order already. */
export function labelOrder(table: SeriesTable, symbols: QuerySymbols): Uint32Array | null {
  const ranks = rankTexts(table.labelIds, symbols);
  const order = Uint32Array.from({ length: table.count }, (_, i) => i);
  const compare = (a: number, b: number): number => {
    const startA = labelStart(table, a);
    const startB = labelStart(table, b);
    const lengthA = table.labelEnds[a] - startA;
    const lengthB = table.labelEnds[b] - startB;
    for (let i = 0; i < Math.min(lengthA, lengthB); i++) {
      const difference = ranks[table.labelIds[startA + i]] - ranks[table.labelIds[startB + i]];
      if (difference !== 0) return difference;
    }
    return lengthA - lengthB;
  };
  let sorted = true;
  for (let i = 1; i < table.count && sorted; i++) sorted = compare(i - 1, i) <= 0;
  return sorted ? null : order.sort(compare);
}

/** For each id in use, its place among all texts in use. */
function rankTexts(ids: Uint32Array, symbols: QuerySymbols): Uint32Array {
  const used = [...new Set(ids)].map((id) => ({ id, text: symbols.text(id) }));
  used.sort((a, b) => compareUtf8(a.text, b.text));
  const ranks = new Uint32Array(symbols.size);
  used.forEach(({ id }, rank) => (ranks[id] = rank));
  return ranks;
}
