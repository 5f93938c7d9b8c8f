/**
 * What is wrong with a configuration file, and where.
 *
 * `message` is `file:line:column: ` followed by the text that Prometheus itself prints, letter for letter, so
 * that people and scripts that search for the known text find it.
 */

/** A place in a file; both count from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** An operating error: the file has to be changed. `text` is the message without the leading position. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly code = "CONFIG_INVALID";
  readonly file: string;
  readonly position: Position;
  readonly text: string;

  constructor(file: string, position: Position, text: string) {
    super(`${file}:${position.line}:${position.column}: ${text}`);
    this.file = file;
    this.position = position;
    this.text = text;
  }
}
