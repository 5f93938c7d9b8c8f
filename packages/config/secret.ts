/**
 * A secret of a configuration file. It shows itself as `<secret>` wherever a value is turned into text, JSON
 * or YAML; only `reveal` gives the real one, to the code that puts it on the wire.
 */

/** How a secret is shown. */
export const secretText = "<secret>";

/** A text that is not shown. */
export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  static readonly empty = new Secret("");

  get isEmpty(): boolean {
    return this.#text === "";
  }

  /** The secret itself. Never log it. */
  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return this.isEmpty ? "" : secretText;
  }

  toJSON(): string {
    return this.toString();
  }
}

/** A URL as it may be shown: its password becomes `xxxxx`. A text that is no URL is shown as it is. */
export function redactUrl(text: string): string {
  return text.replace(/^([a-zA-Z][a-zA-Z0-9+.-]*:\/\/[^/?#@:]*):[^/?#]*@/u, "$1:xxxxx@");
}
