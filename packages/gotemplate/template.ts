/**
 * A set of templates: texts are added, then one is executed by name.
 *
 *   new TemplateSet → parse (lexer, parser) → execute
 *
 * As text the output is what the template says; as HTML every action is escaped for the place it stands in
 * (html/), as Go's html/template does.
 */

import { quoteGo } from "@narthex/bytes/go-quote";
import { builtins, type Functions } from "./builtins.ts";
import {
  defaultExecutionLimits,
  executeTemplate,
  TemplateExecutionError,
  type ExecutionLimits,
} from "./execute.ts";
import { parseTemplate, type ParsedTemplate } from "./parser.ts";
import type { Value } from "./value.ts";

/** How a set is made. */
export interface TemplateOptions {
  /** Beside the builtins, and before them. */
  readonly functions?: Functions;
  /** Go's option `missingkey`: "zero" gives the zero value of a map, "invalid" (the default) nothing. */
  readonly missingKey?: "zero" | "invalid";
  readonly limits?: ExecutionLimits;
  /** Whether the outputs are HTML: values are escaped for the place they stand in. */
  readonly asHtml?: boolean;
}

/** Templates that know each other. */
export class TemplateSet {
  readonly #templates = new Map<string, ParsedTemplate>();
  readonly #functions: Functions;
  readonly #known: { has(name: string): boolean };
  readonly #missingKey: "zero" | "invalid";
  readonly #limits: ExecutionLimits;
  readonly #asHtml: boolean;

  constructor({
    functions = new Map(),
    missingKey = "invalid",
    limits,
    asHtml = false,
  }: TemplateOptions = {}) {
    this.#functions = functions;
    this.#known = { has: (name) => functions.has(name) || builtins.has(name) };
    this.#missingKey = missingKey;
    this.#limits = limits ?? defaultExecutionLimits;
    this.#asHtml = asHtml;
  }

  /** Adds the template `name` and those that `text` defines. Throws `TemplateSyntaxError`. */
  parse(name: string, text: string): void {
    parseTemplate({ name, text }, this.#known, this.#templates);
  }

  has(name: string): boolean {
    return this.#templates.has(name);
  }

  /** The output of a template. Throws `TemplateExecutionError`. */
  execute(name: string, data: Value): string {
    const template = this.#templates.get(name);
    if (template === undefined) {
      throw new TemplateExecutionError(`template: no template ${quoteGo(name)} associated with this set`);
    }
    return executeTemplate(template, data, {
      templates: this.#templates,
      functions: this.#functions,
      missingKey: this.#missingKey,
      limits: this.#limits,
      asHtml: this.#asHtml,
    });
  }
}
