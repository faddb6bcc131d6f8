import type { Context } from '../../../context.ts';

export const json = (value: Readonly<Record<string, string>>): string | undefined =>
  Object.keys(value).length > 0 ? JSON.stringify(value) : undefined;

/** `name=value`; a name alone has the value that it has here, or none. */
export function pairs(texts: readonly string[], env: Context['env']): Record<string, string> {
  const result: Record<string, string> = {};
  for (const text of texts) {
    const equals = text.indexOf('=');
    if (equals >= 0) result[text.slice(0, equals)] = text.slice(equals + 1);
    else if (env[text] !== undefined) result[text] = env[text];
  }
  return result;
}
