/**
 * A pattern that does not compile, with Go's text.
 */

/** The pattern is not RE2 syntax. The message is Go's: ``error parsing regexp: missing closing ): `(a` ``. */
export class RegexError extends Error {
  override readonly name = "RegexError";
}

/** What re2js threw for `pattern`, as our error; anything that is no syntax error comes back as it is. */
export function patternError(cause: unknown, pattern: string): unknown {
  if (!(cause instanceof Error) || !cause.message.startsWith("error parsing regexp")) return cause;
  return new RegexError(goMessage(cause.message, pattern), { cause });
}

/**
 * re2js differs from Go in three places: it shows its own flag, a missing text, and an early end of a name.
 */
function goMessage(message: string, pattern: string): string {
  if (message.endsWith(": trailing backslash at end of expression")) return `${message}: \`\``;
  if (message.endsWith(": invalid named capture: `(?P<`")) {
    return "error parsing regexp: invalid or unsupported Perl syntax: `(?P`";
  }
  return message.replace(`\`(?s)${pattern}\``, () => `\`${pattern}\``);
}
