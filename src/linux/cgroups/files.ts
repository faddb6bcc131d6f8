import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { codeOf } from '#lib/errors';

/** The file is not there (controller not enabled, older kernel, cgroup gone) or not to be read here. */
const ABSENT: ReadonlySet<string | undefined> = new Set([
  'ENOENT',
  'ENODEV',
  'ENOTDIR',
  'EOPNOTSUPP',
  'ENOTSUP',
]);

export const isAbsent = (error: unknown): boolean => ABSENT.has(codeOf(error));

/** The text of a control file, or '' when it is absent. */
export async function readControl(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isAbsent(error)) return '';
    throw error;
  }
}

/** The same of a file that the kernel answers from memory, in microseconds. */
export function readControlSync(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (isAbsent(error)) return '';
    throw error;
  }
}

/** `name 12` lines. */
export function parseKeyed(text: string): Map<string, bigint> {
  const values = new Map<string, bigint>();
  for (const line of text.split('\n')) {
    const match = /^(\S+) (\d+)$/.exec(line.trim());
    if (match?.[1] !== undefined && match[2] !== undefined) values.set(match[1], BigInt(match[2]));
  }
  return values;
}

/** One number; undefined for `max`, for nothing, and for what is no number. */
export function parseValue(text: string): bigint | undefined {
  const value = text.trim();
  return /^\d+$/.test(value) ? BigInt(value) : undefined;
}
