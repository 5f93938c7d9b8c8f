/**
 * The text of a function's arguments.
 */

import { sprint } from "./format.ts";
import type { Value } from "./value.ts";

/** As printed; a value that is missing says so. */
export function argumentsText(values: readonly Value[]): string {
  return sprint(values.map((value) => (value === null ? "<no value>" : value)));
}
