/**
 * Which names metrics and labels may have, and how names outside the old character set are escaped for
 * readers that do not know UTF-8 names.
 *
 * Two schemes of validity: `legacy` (letters, digits, `_`, and `:` in metric names) and `utf8` (any text that
 * is not empty and holds no lone surrogate). Four schemes of escaping, as the content type's `escaping`
 * parameter names them.
 */

/** Which names are valid. */
export type NameScheme = "legacy" | "utf8";

/** How a name outside the old character set is written. */
export type EscapingScheme = "allow-utf-8" | "underscores" | "dots" | "values";

/** Whether `name` may be a metric's name. */
export function isMetricName(name: string, scheme: NameScheme = "utf8"): boolean {
  return scheme === "legacy" ? isLegacyName(name, true) : name !== "" && name.isWellFormed();
}

/** Whether `name` may be a label's name. */
export function isLabelName(name: string, scheme: NameScheme = "utf8"): boolean {
  return scheme === "legacy" ? isLegacyName(name, false) : name !== "" && name.isWellFormed();
}

function isLegacyName(name: string, colons: boolean): boolean {
  if (name === "") return false;
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i);
    if (!isLegacyUnit(code, i === 0) || (code === 0x3a && !colons)) return false;
  }
  return true;
}

/** Letters, `_`, `:` and, but for the first place, digits. */
function isLegacyUnit(code: number, isFirst: boolean): boolean {
  return (
    (code >= 0x61 && code <= 0x7a) ||
    (code >= 0x41 && code <= 0x5a) ||
    code === 0x5f ||
    code === 0x3a ||
    (code >= 0x30 && code <= 0x39 && !isFirst)
  );
}

/** The scheme a header parameter names; undefined for an unknown one. */
export function escapingScheme(text: string): EscapingScheme | undefined {
  return text === "allow-utf-8" || text === "underscores" || text === "dots" || text === "values"
    ? text
    : undefined;
}

/**
 * `name` in the old character set, after `scheme`. Never fails; `underscores` and `dots` lose information.
 */
export function escapeName(name: string, scheme: EscapingScheme): string {
  switch (scheme) {
    case "allow-utf-8":
      return name;
    case "underscores":
      return mapCharacters(name, (char, isLegacy) => (isLegacy ? char : "_"));
    case "dots":
      return mapCharacters(name, (char, isLegacy) => {
        if (char === ".") return "_dot_";
        return isLegacy && char !== "_" ? char : "__";
      });
    case "values":
      if (name === "" || isLegacyName(name, true)) return name;
      return `U__${mapCharacters(name, escapeValue)}`;
  }
}

function escapeValue(char: string, isLegacy: boolean): string {
  if (char === "_") return "__";
  if (isLegacy) return char;
  return char.isWellFormed() ? `_${(char.codePointAt(0) as number).toString(16)}_` : "_FFFD_";
}

function mapCharacters(name: string, replace: (char: string, isLegacy: boolean) => string): string {
  let mapped = "";
  for (const char of name) {
    mapped += replace(char, char.length === 1 && isLegacyUnit(char.charCodeAt(0), mapped === ""));
  }
  return mapped;
}

/** Undoes `escapeName` as far as the scheme allows; a text that is not of the scheme comes back unchanged. */
export function unescapeName(name: string, scheme: EscapingScheme): string {
  switch (scheme) {
    case "allow-utf-8":
    case "underscores":
      return name;
    case "dots":
      return name.replaceAll("_dot_", ".").replaceAll("__", "_");
    case "values":
      return name.startsWith("U__") ? (unescapeValues(name.slice(3)) ?? name) : name;
  }
}

/** undefined: not a text that the scheme writes. */
function unescapeValues(escaped: string): string | undefined {
  let plain = "";
  let at = 0;
  while (at < escaped.length) {
    const underscoreAt = escaped.indexOf("_", at);
    if (underscoreAt < 0) return plain + escaped.slice(at);
    plain += escaped.slice(at, underscoreAt);
    if (escaped[underscoreAt + 1] === "_") {
      plain += "_";
      at = underscoreAt + 2;
      continue;
    }
    const code = /^([0-9a-fA-F]{1,6})_/u.exec(escaped.slice(underscoreAt + 1, underscoreAt + 8));
    if (code === null) return undefined;
    const point = Number.parseInt(code[1], 16);
    if (point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) return undefined;
    plain += String.fromCodePoint(point);
    at = underscoreAt + 1 + code[0].length;
  }
  return plain;
}
