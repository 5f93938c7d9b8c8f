/**
 * Runs a law over many seeds and names the seed that broke it. For tests.
 */

import { SeededRandom } from "./random.ts";

/**
 * Calls `law` with a random source for each seed 1…`count`. On failure the error's message starts with the
 * seed; run that seed alone with `forSeeds(1, law, seed)`.
 */
export function forSeeds(count: number, law: (random: SeededRandom, seed: number) => void, first = 1): void {
  for (let seed = first; seed < first + count; seed++) {
    try {
      law(new SeededRandom(seed), seed);
    } catch (cause) {
      const message = cause instanceof Error ? cause.message : String(cause);
      throw new Error(`seed ${seed}: ${message}`, { cause });
    }
  }
}
