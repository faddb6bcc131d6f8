import { TemplateError } from './errors.ts';
import { evaluate, type Functions } from './evaluate.ts';
import { templateFunctions } from './functions.ts';
import { parseTemplate } from './parser.ts';

export { TemplateError };

/** A template of Go's text/template, ready to be carried out many times. */
export interface Template {
  /** @throws TemplateError */
  (data: unknown): string;
  /** Over the column titles of a table: there functions hand titles on as they are. */
  header(titles: unknown): string;
}

const NAMES = new Set([...Object.keys(templateFunctions), 'and', 'or']);
const HANDED_ON = ['json', 'split', 'join', 'title', 'lower', 'upper', 'truncate', 'pad'] as const;
const headerFunctions: Functions = {
  ...templateFunctions,
  ...Object.fromEntries(HANDED_ON.map((name) => [name, (title: unknown) => title])),
};

/** @throws TemplateError */
export function compileTemplate(source: string): Template {
  const block = parseTemplate(source, NAMES);
  return Object.assign((data: unknown) => evaluate(block, data, templateFunctions), {
    header: (titles: unknown) => evaluate(block, titles, headerFunctions),
  });
}
