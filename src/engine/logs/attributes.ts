import { invalid, messageOf } from '#lib/errors';
import type { LogOptions } from './config.ts';
import type { LogSource } from './source.ts';

export type Attributes = Readonly<Record<string, string>>;

/** The labels and variables that `labels`, `labels-regex`, `env` and `env-regex` choose. @throws invalid */
export function extraAttributes(options: LogOptions, source: LogSource): Attributes {
  const variables = Object.fromEntries(
    source.env.flatMap((variable) => {
      const mark = variable.indexOf('=');
      return mark > 0 ? [[variable.slice(0, mark), variable.slice(mark + 1)]] : [];
    }),
  );
  return {
    ...chosen(source.labels, options['labels'], expression('labels-regex', options)),
    ...chosen(variables, options['env'], expression('env-regex', options)),
  };
}

function chosen(from: Attributes, names: string | undefined, pattern: RegExp | undefined): Attributes {
  const wanted = new Set(names?.split(','));
  return Object.fromEntries(
    Object.entries(from).filter(([name]) => wanted.has(name) || pattern?.test(name) === true),
  );
}

/** Go writes flags such as `(?i)` in front of an expression. @throws invalid */
function expression(option: string, options: LogOptions): RegExp | undefined {
  const text = options[option];
  if (!text) return undefined;
  const [, flags = '', pattern = text] = /^\(\?([ims]+)\)(.*)$/s.exec(text) ?? [];
  try {
    return new RegExp(pattern, [...new Set(`${flags}u`)].join(''));
  } catch (error) {
    throw invalid(`invalid ${option} ${JSON.stringify(text)}: ${messageOf(error)}`, error);
  }
}
