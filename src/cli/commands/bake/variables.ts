import { invalid } from '#lib/errors';
import { mapTexts } from './texts.ts';

export type Variables = ReadonlyMap<string, unknown>;

/**
 * Replaces `${NAME}` and `${name.field}` in all texts of a value; `$${` is a literal `${`. A text that is nothing but
 * one variable becomes its value, whatever type that has.
 * @throws invalid for unknown variables, and for HCL's other expressions
 */
export const substitute = (value: unknown, variables: Variables, place: string): unknown =>
  mapTexts(value, place, (text, at) => substituteText(text, variables, at));

function substituteText(text: string, variables: Variables, place: string): unknown {
  const [, whole] = /^\$\{([^}]*)\}$/.exec(text) ?? [];
  if (whole !== undefined) return lookUp(whole, variables, place);
  return text.replaceAll(/\$\$\{|\$\{([^}]*)\}?/g, (found, name: string | undefined) => {
    if (name === undefined) return '${';
    const value = lookUp(name, variables, place);
    if (typeof value === 'object') throw invalid(`${place}: ${found} is no text`);
    return String(value);
  });
}

function lookUp(expression: string, variables: Variables, place: string): unknown {
  const [name = '', ...fields] = expression.trim().split('.');
  if (![name, ...fields].every((word) => /^[\w-]+$/.test(word)))
    throw invalid(`${place}: \${${expression}} is not understood: functions and operators are HCL's`);
  if (!variables.has(name)) throw invalid(`${place}: there is no variable ${name}`);
  let value = variables.get(name);
  for (const field of fields) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, field))
      throw invalid(`${place}: ${name} has no ${field}`);
    value = (value as Readonly<Record<string, unknown>>)[field];
  }
  return value ?? '';
}
