import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { codeOf } from '#lib/errors';
import { Exit, fileError } from '../../errors.ts';
import { collectEnv } from '../../flags/environment.ts';
import { splitPair } from '../../flags/flag.ts';
import { readFileOrStdin } from '../input-file.ts';
import { type Bakeable, mergeBakeables } from './bakeable.ts';
import { parseComposeFile } from './compose-file.ts';
import { parseJsonFile, resolveJsonFile } from './json-file.ts';

/** Those that are there are read, in this order. */
const DEFAULT_FILES = [
  'compose.yaml',
  'compose.yml',
  'docker-compose.yml',
  'docker-compose.yaml',
  'docker-bake.json',
  'docker-bake.hcl',
  'docker-bake.override.json',
  'docker-bake.override.hcl',
];

type Environment = Readonly<Record<string, string | undefined>>;

export interface BakeVariable {
  readonly name: string;
  readonly value: unknown;
  readonly description: string;
}

export interface BakeFiles extends Bakeable {
  readonly variables: readonly BakeVariable[];
}

/**
 * Reads bake files, of which the later win. `values`: `NAME=value` of the command line, which win over the
 * environment, which wins over the files.
 * @throws Exit, invalid
 */
export async function readBakeFiles(
  paths: readonly string[],
  values: readonly string[],
  env: Environment,
): Promise<BakeFiles> {
  const files = paths.length > 0 ? await Promise.all(paths.map(required)) : await defaults();
  const hcl = files.find(({ path }) => path.endsWith('.hcl'));
  if (hcl) throw new Exit(1, `${hcl.path}: HCL is not read: the same can be said in JSON (docker-bake.json)`);
  const texts = files.map(({ path, text }) =>
    isJson(path, text) ? parseJsonFile(path, text) : { path, text },
  );
  const said = Object.fromEntries(values.map(splitPair));
  const variables = new Map<string, BakeVariable>();
  for (const file of texts) {
    if (!('variables' in file)) continue;
    for (const [name, { value, description }] of file.variables)
      variables.set(name, { name, value: said[name] ?? env[name] ?? value, description });
  }
  const unknown = Object.keys(said).find((name) => !variables.has(name));
  if (unknown !== undefined)
    throw new Exit(1, `there is no variable ${unknown} in ${files.map(({ path }) => path).join()}`);
  const known = new Map([...variables].map(([name, { value }]): [string, unknown] => [name, value]));
  const parts = await Promise.all(
    texts.map(async (file) =>
      'variables' in file
        ? resolveJsonFile(file, known)
        : parseComposeFile(file.path, file.text, await withDotEnv(dirname(file.path), env)),
    ),
  );
  return { ...mergeBakeables(parts), variables: [...variables.values()] };
}

interface File {
  readonly path: string;
  readonly text: string;
}

async function defaults(): Promise<File[]> {
  const found = await Promise.all(DEFAULT_FILES.map(optional));
  const files = found.filter((file) => file !== undefined);
  if (files.length === 0)
    throw new Exit(
      1,
      "couldn't find a bake definition: there is no docker-bake.json and no compose file here",
    );
  return files;
}

async function optional(path: string): Promise<File | undefined> {
  try {
    return { path, text: await readFile(path, 'utf8') };
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw new Exit(1, `cannot read ${path}: ${fileError(error)}`);
  }
}

async function required(path: string): Promise<File> {
  if (path === '-') return { path, text: (await readFileOrStdin(path)).toString() };
  const file = await optional(path);
  if (!file) throw new Exit(1, `cannot read ${path}: no such file or directory`);
  return file;
}

const isJson = (path: string, text: string): boolean =>
  path.endsWith('.json') || (!/\.ya?ml$/.test(path) && text.trimStart().startsWith('{'));

/** Compose takes variables from a file `.env` beside its own too; those of the environment win. */
async function withDotEnv(directory: string, env: Environment): Promise<Environment> {
  const path = join(directory, '.env');
  if (!(await optional(path))) return env;
  return { ...Object.fromEntries(collectEnv([path], [], env).map(splitPair)), ...env };
}
