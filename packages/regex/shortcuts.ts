/**
 * Patterns that need no regular-expression engine: unions of a few globs.
 *
 *   pattern → SHORTCUTS → (matcher: string search) or null (matcher: re2js)
 *
 * A glob is a list of literals with gaps between: `a-.*b.+` is the literals `a-`, `b`, `` with gaps of at
 * least 0 and 1 characters. Most matchers of dashboards are such unions: `a|b|c`, `(api|web)-[123]`, `foo.*`,
 * `.*err.*`, `.+`.
 *
 * The idea: parse a strict part of RE2's syntax, in which every text is valid, into a union of globs,
 * multiplying out groups, small classes and `?`. Whatever is not in that part, or grows beyond the limits, is
 * left to the engine.
 *
 * Invariants (shortcuts.property.test.ts)
 *  - A union matches exactly what the pattern matches, anchored and with `.` matching a newline.
 */

/** Literals with gaps between: at least `gaps[i]` characters between `literals[i]` and `literals[i + 1]`. */
export interface Glob {
  readonly literals: readonly string[];
  readonly gaps: readonly number[];
}

/** The most globs a pattern may multiply out to. */
export const maxGlobs = 256;

/** The most characters of a class that are multiplied out. */
const maxClass = 32;

const empty: Glob = { literals: [""], gaps: [] };

/** The globs whose union is `pattern`, or null when the engine must decide. */
export function parseGlobs(pattern: string): readonly Glob[] | null {
  const reader = new PatternReader(pattern);
  const globs = reader.alternatives(0);
  return globs !== null && reader.isAtEnd ? globs : null;
}

/** Whether `text` as a whole matches `glob`. */
export function matchesGlob({ literals, gaps }: Glob, text: string): boolean {
  const last = literals.length - 1;
  const first = literals[0] as string;
  if (last === 0) return text === first;
  if (!text.startsWith(first)) return false;
  let at = first.length;
  // The leftmost place of each inner literal leaves most room for those behind it.
  for (let i = 1; i < last; i++) {
    const literal = literals[i] as string;
    const from = at + (gaps[i - 1] as number);
    const found = text.indexOf(literal, from);
    // An empty literal is found even behind the end.
    if (found < from) return false;
    at = found + literal.length;
  }
  const end = literals[last] as string;
  return text.length - end.length >= at + (gaps[last - 1] as number) && text.endsWith(end);
}

/** Every glob of `left` followed by every glob of `right`; null when there are too many or one is no glob. */
function product(left: readonly Glob[], right: readonly Glob[]): readonly Glob[] | null {
  if (left.length * right.length > maxGlobs) return null;
  const joined: Glob[] = [];
  for (const a of left) {
    for (const b of right) {
      const glob = join(a, b);
      if (glob === null) return null;
      joined.push(glob);
    }
  }
  return joined;
}

/**
 * null: two gaps meet that ask for two characters. A string cannot tell two characters from one astral one.
 */
function join(a: Glob, b: Glob): Glob | null {
  const seam = `${a.literals.at(-1)}${b.literals[0]}`;
  const meeting = seam === "" && a.gaps.length > 0 && b.gaps.length > 0;
  if (!meeting) {
    return {
      literals: [...a.literals.slice(0, -1), seam, ...b.literals.slice(1)],
      gaps: [...a.gaps, ...b.gaps],
    };
  }
  const gap = (a.gaps.at(-1) as number) + (b.gaps[0] as number);
  if (gap > 1) return null;
  return {
    literals: [...a.literals.slice(0, -1), ...b.literals.slice(1)],
    gaps: [...a.gaps.slice(0, -1), gap, ...b.gaps.slice(1)],
  };
}

/** Characters with a meaning of their own; a literal is everything else. */
const special = new Set("\\^$.[]|()?*+{}");
const maxGroups = 16;

class PatternReader {
  readonly #characters: readonly string[];
  #at = 0;

  constructor(pattern: string) {
    this.#characters = Array.from(pattern);
  }

  get isAtEnd(): boolean {
    return this.#at === this.#characters.length;
  }

  /** `a|b|c`, up to the end or a closing parenthesis. */
  alternatives(depth: number): readonly Glob[] | null {
    const globs: Glob[] = [];
    for (;;) {
      const branch = this.#sequence(depth);
      if (branch === null || globs.length + branch.length > maxGlobs) return null;
      globs.push(...branch);
      if (this.#peek() !== "|") return globs;
      this.#at++;
    }
  }

  #sequence(depth: number): readonly Glob[] | null {
    let globs: readonly Glob[] | null = [empty];
    let literal = "";
    for (;;) {
      const char = this.#peek();
      if (char !== undefined && !special.has(char) && !this.#isRepeatedNext()) {
        literal += char;
        this.#at++;
        continue;
      }
      if (literal !== "") globs = product(globs, [{ literals: [literal], gaps: [] }]);
      literal = "";
      if (globs === null) return null;
      if (char === undefined || char === "|" || char === ")") return globs;
      const part = this.#repeated(this.#atom(char, depth));
      globs = part === null ? null : product(globs, part);
      if (globs === null) return null;
    }
  }

  /** One atom that is no plain literal, or a literal with a repetition behind it. */
  #atom(char: string, depth: number): readonly Glob[] | null {
    this.#at++;
    if (!special.has(char)) return [{ literals: [char], gaps: [] }];
    switch (char) {
      case ".":
        return this.#gap();
      case "(":
        return depth < maxGroups ? this.#group(depth) : null;
      case "[":
        return this.#class();
      case "\\":
        return this.#escape();
      default:
        return null;
    }
  }

  /** `.*` and `.+`; one `.` alone is left to the engine. */
  #gap(): readonly Glob[] | null {
    const repeat = this.#peek();
    if (repeat !== "*" && repeat !== "+") return null;
    this.#at++;
    // A lazy gap matches the same texts.
    if (this.#peek() === "?") this.#at++;
    return this.#isRepetition(this.#peek()) ? null : [{ literals: ["", ""], gaps: [repeat === "*" ? 0 : 1] }];
  }

  #group(depth: number): readonly Glob[] | null {
    if (this.#peek() === "?") {
      if (this.#characters[this.#at + 1] !== ":") return null;
      this.#at += 2;
    }
    const inner = this.alternatives(depth + 1);
    if (inner === null || this.#peek() !== ")") return null;
    this.#at++;
    return inner;
  }

  /** `[abc]`, `[a-e0-9]`: letters, digits and a few signs, no escapes, not negated. */
  #class(): readonly Glob[] | null {
    const chosen = new Set<string>();
    for (let char = this.#peek(); char !== "]"; char = this.#peek()) {
      if (char === undefined || !/[a-zA-Z0-9_. ]/u.test(char)) return null;
      this.#at++;
      let last = char;
      if (this.#peek() === "-") {
        const end = this.#characters[this.#at + 1];
        if (end === undefined || !/[a-zA-Z0-9]/u.test(end) || end < char) return null;
        this.#at += 2;
        last = end;
      }
      for (let code = char.charCodeAt(0); code <= last.charCodeAt(0); code++)
        chosen.add(String.fromCharCode(code));
    }
    this.#at++;
    if (chosen.size === 0 || chosen.size > maxClass) return null;
    return Array.from(chosen, (char) => ({ literals: [char], gaps: [] }));
  }

  /** An escaped sign stands for itself; letters and digits mean something else. */
  #escape(): readonly Glob[] | null {
    const char = this.#peek();
    if (char === undefined || !/[!-/:-@[-`{-~]/u.test(char) || char === "_") return null;
    this.#at++;
    return [{ literals: [char], gaps: [] }];
  }

  /** `?` adds the empty text; any other repetition is left to the engine. */
  #repeated(atom: readonly Glob[] | null): readonly Glob[] | null {
    if (atom === null || !this.#isRepetition(this.#peek())) return atom;
    if (this.#peek() !== "?") return null;
    this.#at++;
    if (this.#peek() === "?") this.#at++;
    return this.#isRepetition(this.#peek()) ? null : [...atom, empty];
  }

  #isRepeatedNext(): boolean {
    return this.#isRepetition(this.#characters[this.#at + 1]);
  }

  #isRepetition(char: string | undefined): boolean {
    return char === "?" || char === "*" || char === "+" || char === "{";
  }

  #peek(): string | undefined {
    return this.#characters[this.#at];
  }
}

/**
 * A text that every match of `pattern` begins with: the plain characters before the first special one, as
 * long as no `|` makes them optional.
 */
export function literalPrefix(pattern: string): string {
  let end = 0;
  while (end < pattern.length && !special.has(pattern[end] as string)) end++;
  // A repetition takes the last character with it, however many code units it has.
  const head = "?*+{".includes(pattern[end] ?? "|")
    ? Array.from(pattern.slice(0, end)).slice(0, -1).join("")
    : pattern.slice(0, end);
  return head !== "" && hasTopLevelBar(pattern) ? "" : head;
}

/** Errs on the side of yes. */
function hasTopLevelBar(pattern: string): boolean {
  let depth = 0;
  for (let i = 0; i < pattern.length; i++) {
    const char = pattern[i];
    if (char === "\\") i++;
    // Quoting and classes may hold parentheses that do not count.
    if (char === "\\" && pattern[i] === "Q") return true;
    if (char === "[" && /[|()]/u.test(pattern.slice(i))) return pattern.includes("|");
    if (char === "(") depth++;
    if (char === ")") depth--;
    if (char === "|" && depth <= 0) return true;
  }
  return false;
}
