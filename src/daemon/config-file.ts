import { readFileSync } from 'node:fs';
import { codeOf, invalid, messageOf } from '#lib/errors';
import { ALL_OPTIONS, keyOf, type Settings } from './options.ts';

export const DEFAULT_CONFIG_FILE = '/etc/berth/daemon.json';

/** Reads daemon.json. The default one may be missing, one that was named may not. @throws invalid */
export function readConfigFile(path: string | undefined): Settings {
  const file = path ?? DEFAULT_CONFIG_FILE;
  let content: string;
  try {
    content = readFileSync(file, 'utf8');
  } catch (error) {
    if (path === undefined && codeOf(error) === 'ENOENT') return {};
    throw failure(file, messageOf(error), error);
  }
  return content.trim() === '' ? {} : decode(file, content);
}

function decode(file: string, content: string): Settings {
  let document: unknown;
  try {
    document = JSON.parse(content);
  } catch (error) {
    throw failure(file, messageOf(error), error);
  }
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    throw failure(file, 'it must hold a JSON object');
  }
  const options = new Map(ALL_OPTIONS.map((option) => [keyOf(option), option]));
  const unknown = Object.keys(document).filter((key) => !options.has(key));
  if (unknown.length > 0) {
    throw failure(
      file,
      `the following directives don't match any configuration option: ${unknown.join(', ')}`,
    );
  }
  const settings: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(document)) {
    const option = options.get(key);
    if (!option) continue;
    try {
      settings[option.name] = option.decode(value);
    } catch (error) {
      throw failure(file, `${key} ${messageOf(error)}`, error);
    }
  }
  return settings;
}

const failure = (file: string, reason: string, cause?: unknown) =>
  invalid(`unable to configure the daemon with file ${file}: ${reason}`, cause);

/** Puts flags and file together. What both say is refused, as it is ambiguous. @throws invalid */
export function mergeSettings(flags: Settings, file: Settings, path: string | undefined): Settings {
  const given: Readonly<Record<string, unknown>> = flags;
  const merged: Record<string, unknown> = { ...file, ...flags };
  const clashes: string[] = [];
  for (const option of ALL_OPTIONS) {
    const fromFile = (file as Readonly<Record<string, unknown>>)[option.name];
    const fromFlag = given[option.name];
    if (fromFile === undefined || fromFlag === undefined) continue;
    if (option.merge) merged[option.name] = option.merge(fromFlag, fromFile);
    else clashes.push(`${keyOf(option)}: (from flag: ${show(fromFlag)}, from file: ${show(fromFile)})`);
  }
  if (clashes.length > 0) {
    throw failure(
      path ?? DEFAULT_CONFIG_FILE,
      `the following directives are specified both as a flag and in the configuration file: ${clashes.join(', ')}`,
    );
  }
  return merged;
}

const show = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
