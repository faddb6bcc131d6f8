import { readFile } from 'node:fs/promises';
import type { Context } from '../../../context.ts';
import { Exit, fileError } from '../../../errors.ts';
import { csvPairs } from '../../../flags/csv.ts';

/** `--secret`: by id, base64. @throws Exit */
export async function readSecrets(
  texts: readonly string[],
  env: Context['env'],
): Promise<Record<string, string>> {
  const secrets: Record<string, string> = {};
  for (const text of texts) {
    const { id, env: variable, src, source = src } = csvPairs(text);
    if (!id) throw new Exit(1, `invalid secret "${text}": it needs an id`);
    if (variable !== undefined || (source === undefined && env[id] !== undefined)) {
      const value = env[variable ?? id];
      if (value === undefined) throw new Exit(1, `secret ${id}: the variable ${variable} is not set`);
      secrets[id] = Buffer.from(value).toString('base64');
    } else secrets[id] = (await secretFile(id, source ?? id)).toString('base64');
  }
  return secrets;
}

async function secretFile(id: string, path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new Exit(1, `secret ${id}: cannot read ${path}: ${fileError(error)}`);
  }
}
