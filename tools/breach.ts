/** One place where a law is broken; `line` is 1-based, 1 when the law is about the file as a whole. */
export interface Breach {
  readonly path: string;
  readonly line: number;
  readonly law: string;
  readonly what: string;
}

/** A breach from its parts. */
export function breach(path: string, line: number, law: string, what: string): Breach {
  return { path, line, law, what };
}

/** The report of a checker, as lines; its exit code is 1 when there are breaches. */
export function report(found: readonly Breach[]): number {
  for (const { path, line, law, what } of found) console.log(`${path}:${line}: ${law}: ${what}`);
  return found.length === 0 ? 0 : 1;
}
