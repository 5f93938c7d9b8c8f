/**
 * Runs a law over many seeds and names the seed that broke it. For tests.
 *
 * A test says how many seeds it wants; a long run (`tools/fuzz.ts`) asks for others and more of them by the
 * environment: NARTHEX_FIRST_SEED and NARTHEX_SEEDS.
 */

import { SeededRandom } from "./random.ts";

/**
 * Calls `law` with a random source for each seed 1…`count`. On failure the error's message starts with the
 * seed; run that seed alone with `forSeeds(1, law, seed)` or NARTHEX_FIRST_SEED=seed NARTHEX_SEEDS=1.
 */
export function forSeeds(
  count: number,
  law: (random: SeededRandom, seed: number) => void,
  first = wanted("NARTHEX_FIRST_SEED", 1),
): void {
  const end = first + wanted("NARTHEX_SEEDS", count);
  for (let seed = first; seed < end; seed++) {
    try {
      law(new SeededRandom(seed), seed);
    } catch (cause) {
      const message = cause instanceof Error ? cause.message : String(cause);
      throw new Error(`seed ${seed}: ${message}`, { cause });
    }
  }
}

function wanted(name: string, otherwise: number): number {
  const number = Number(process.env[name] ?? otherwise);
  if (!Number.isSafeInteger(number) || number < 0) throw new Error(`${name} wants a whole number`);
  return number;
}
