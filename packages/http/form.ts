/**
 * Query strings and form bodies, read the way Go's net/url reads them: a broken escape or a semicolon is an
 * error that clients see, not something to guess at.
 */

/** A query string or form that cannot be read; the message is the original's. */
export class FormError extends Error {
  override readonly name = "FormError";
  readonly code = "FORM_INVALID";
}

/** Values by name, in the order of the text. */
export class Form {
  readonly #values = new Map<string, string[]>();

  /** The first value of `name`, "" when absent. */
  get(name: string): string {
    return this.#values.get(name)?.[0] ?? "";
  }

  /** All values of `name`. */
  getAll(name: string): readonly string[] {
    return this.#values.get(name) ?? [];
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  /** The names, in the order of their first appearance. */
  names(): readonly string[] {
    return [...this.#values.keys()];
  }

  append(name: string, value: string): void {
    const values = this.#values.get(name);
    if (values === undefined) this.#values.set(name, [value]);
    else values.push(value);
  }

  /** Adds what an `a=b&c=d` text says. Throws `FormError` at the first broken pair. */
  appendText(text: string): void {
    for (const pair of text.split("&")) {
      if (pair === "") continue;
      if (pair.includes(";")) throw new FormError("invalid semicolon separator in query");
      const equalsAt = pair.indexOf("=");
      const name = unescapeQuery(equalsAt < 0 ? pair : pair.slice(0, equalsAt));
      this.append(name, equalsAt < 0 ? "" : unescapeQuery(pair.slice(equalsAt + 1)));
    }
  }
}

function unescapeQuery(text: string): string {
  const broken = /%(?![0-9a-fA-F]{2}).{0,2}/u.exec(text);
  if (broken !== null) throw new FormError(`invalid URL escape ${JSON.stringify(broken[0])}`);
  const spaced = text.replaceAll("+", " ");
  if (!spaced.includes("%")) return spaced;
  try {
    return decodeURIComponent(spaced);
  } catch {
    // The bytes are no UTF-8: keep what can be kept.
    return new TextDecoder().decode(percentBytes(spaced));
  }
}

function percentBytes(text: string): Uint8Array {
  const bytes: number[] = [];
  const encoder = new TextEncoder();
  for (const part of text.split(/(%[0-9a-fA-F]{2})/u)) {
    if (/^%[0-9a-fA-F]{2}$/u.test(part)) bytes.push(Number.parseInt(part.slice(1), 16));
    else bytes.push(...encoder.encode(part));
  }
  return Uint8Array.from(bytes);
}
