import { invalid, messageOf } from '#lib/errors';
import { type Bakeable, checkTargetName } from './bakeable.ts';
import { table } from './table.ts';
import { parseTarget, type Target } from './target.ts';
import { substitute, type Variables } from './variables.ts';

/** A JSON bake file. Keys may be in the singular and the plural that buildx has: `target`, `group`, `variable`. */
export interface JsonFile {
  readonly name: string;
  readonly variables: ReadonlyMap<string, VariableDefinition>;
  readonly groups: Readonly<Record<string, object>>;
  readonly targets: Readonly<Record<string, object>>;
}

export interface VariableDefinition {
  readonly value: unknown;
  readonly description: string;
}

/** @throws invalid */
export function parseJsonFile(name: string, text: string): JsonFile {
  let content: unknown;
  try {
    content = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    throw invalid(`${name}: ${messageOf(error)}`, error);
  }
  const { variable, group, target, ...rest } = table(content, name);
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined)
    throw invalid(`${name}: unknown key ${unknown}: there is variable, group, target`);
  const variables = Object.entries(table(variable ?? {}, `${name}: variable`)).map(
    ([key, own]): [string, VariableDefinition] => {
      const { default: value = '', description = '' } = table(own ?? {}, `${name}: variable ${key}`);
      return [key, { value, description: String(description) }];
    },
  );
  return {
    name,
    variables: new Map(variables),
    groups: tables(group, `${name}: group`),
    targets: tables(target, `${name}: target`),
  };
}

/** With all variables replaced and matrices unrolled. @throws invalid */
export function resolveJsonFile(file: JsonFile, variables: Variables): Bakeable {
  const groups = new Map<string, readonly string[]>();
  const targets = new Map<string, Target>();
  for (const [name, raw] of Object.entries(file.groups)) {
    const place = `${file.name}: group ${name}`;
    const { targets: members } = table(substitute(raw, variables, place), place);
    groups.set(name, names(members ?? [], `${place}: targets`));
  }
  for (const [name, raw] of Object.entries(file.targets)) {
    const place = `${file.name}: target ${name}`;
    const { matrix, name: pattern, ...attributes } = raw as Readonly<Record<string, unknown>>;
    if (matrix === undefined) {
      if (pattern !== undefined) throw invalid(`${place}: name needs a matrix`);
      checkTargetName(name, file.name);
      targets.set(name, parseTarget(table(substitute(attributes, variables, place), place), place));
      continue;
    }
    const made = combinations(table(substitute(matrix, variables, place), `${place}: matrix`), place);
    const members = made.map((values) => {
      const known = new Map([...variables, ...Object.entries(values)]);
      const own = substitute(pattern, known, `${place}: name`);
      if (typeof own !== 'string') throw invalid(`${place}: name must be given`);
      checkTargetName(own, place);
      if (targets.has(own)) throw invalid(`${place}: ${own} is there twice: name must differ by the matrix`);
      targets.set(own, parseTarget(table(substitute(attributes, known, place), place), place));
      return own;
    });
    groups.set(name, members);
  }
  return { groups, targets };
}

function combinations(matrix: Readonly<Record<string, unknown>>, place: string): Record<string, unknown>[] {
  let made: Record<string, unknown>[] = [{}];
  for (const [key, values] of Object.entries(matrix)) {
    if (!Array.isArray(values)) throw invalid(`${place}: matrix.${key} must be a list`);
    made = made.flatMap((before) => values.map((value: unknown) => ({ ...before, [key]: value })));
    if (made.length > 1000) throw invalid(`${place}: the matrix makes more than 1000 targets`);
  }
  return made;
}

const tables = (value: unknown, place: string): Record<string, object> =>
  Object.fromEntries(
    Object.entries(table(value ?? {}, place)).map(([key, own]) => [key, table(own, `${place} ${key}`)]),
  );

function names(value: unknown, place: string): string[] {
  if (!Array.isArray(value) || !value.every((entry) => typeof entry === 'string'))
    throw invalid(`${place} must be a list of names`);
  return value;
}
