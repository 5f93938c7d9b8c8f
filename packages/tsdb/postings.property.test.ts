import assert from "node:assert/strict";
import { test } from "node:test";
import { forSeeds } from "@narthex/platform/for-seeds";
import type { SeededRandom } from "@narthex/platform/random";
import { countRefs, expandRuns, intersectRuns, subtractRuns, uniteRuns, type Runs } from "./postings.ts";

function someRefs(random: SeededRandom): Set<number> {
  const refs = new Set<number>();
  let ref = random.below(5);
  const top = 1 + random.below(120);
  const density = random.next();
  for (; ref < top; ref++) if (random.next() < density) refs.add(ref);
  return refs;
}

function asRuns(refs: ReadonlySet<number>): Runs {
  const runs: number[] = [];
  for (const ref of [...refs].toSorted((a, b) => a - b)) {
    if (runs.at(-1) === ref) runs[runs.length - 1] = ref + 1;
    else runs.push(ref, ref + 1);
  }
  return Uint32Array.from(runs);
}

function filtered(refs: ReadonlySet<number>, keep: (ref: number) => boolean): Set<number> {
  return new Set([...refs].filter(keep));
}

test("set operations on runs equal those on sets", () => {
  forSeeds(2_000, (random) => {
    const a = someRefs(random);
    const b = someRefs(random);
    const c = someRefs(random);
    assert.deepEqual(
      intersectRuns(asRuns(a), asRuns(b)),
      asRuns(filtered(a, (ref) => b.has(ref))),
      "intersect",
    );
    assert.deepEqual(
      subtractRuns(asRuns(a), asRuns(b)),
      asRuns(filtered(a, (ref) => !b.has(ref))),
      "subtract",
    );
    assert.deepEqual(
      uniteRuns([asRuns(a), asRuns(b), asRuns(c)]),
      asRuns(new Set([...a, ...b, ...c])),
      "unite",
    );
    assert.equal(countRefs(asRuns(a)), a.size);
    assert.deepEqual(
      [...expandRuns(asRuns(a))],
      [...a].toSorted((x, y) => x - y),
    );
  });
});

test("unite keeps runs longer than a sort key says", () => {
  const long = Uint32Array.of(5, 3_000_000);
  assert.deepEqual(uniteRuns([long, Uint32Array.of(1, 6)]), Uint32Array.of(1, 3_000_000));
  assert.deepEqual(
    uniteRuns([Uint32Array.of(2 ** 32 - 9, 2 ** 32 - 2), Uint32Array.of(1, 2)]),
    Uint32Array.of(1, 2, 2 ** 32 - 9, 2 ** 32 - 2),
  );
});
