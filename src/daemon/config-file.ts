import { readFileSync } from 'node:fs';
import { codeOf, invalid, messageOf } from '#lib/errors';
import { ALL_OPTIONS, type AnyOption, keyOf, type Settings } from './options/index.ts';
import { suggestion } from './suggestion.ts';

export const DEFAULT_CONFIG_FILE = '/etc/berth/daemon.json';

/** Objects that only group keys; these mean the same without it. */
const GROUPS = ['proxies'];

/** What dockerd 28 calls otherwise, and took one of. */
const FORMER: Readonly<Record<string, string>> = { 'host-gateway-ip': 'host-gateway-ips' };

/** Reads daemon.json. The default one may be missing, one that was named may not. @throws invalid */
export function readConfigFile(path: string | undefined, usual = DEFAULT_CONFIG_FILE): Settings {
  const file = path ?? usual;
  let content: Buffer;
  try {
    content = readFileSync(file);
  } catch (error) {
    if (path === undefined && codeOf(error) === 'ENOENT') return {};
    throw failure(file, messageOf(error), error);
  }
  try {
    return decode(textOf(content));
  } catch (error) {
    throw failure(file, messageOf(error), error);
  }
}

/** UTF-8, or UTF-16 with the mark that editors of other systems leave. */
function textOf(content: Buffer): string {
  const utf16 = content[0] === 0xff && content[1] === 0xfe;
  try {
    return new TextDecoder(utf16 ? 'utf-16le' : 'utf-8', { fatal: true }).decode(content);
  } catch (error) {
    throw invalid('it is not UTF-8 text', error);
  }
}

function decode(content: string): Settings {
  if (content.trim() === '') return {};
  const document: unknown = JSON.parse(content);
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    throw invalid('it must hold a JSON object');
  }
  const values = ungroup(document);
  const options = new Map(ALL_OPTIONS.map((option) => [keyOf(option), option]));
  refuseUnknown(Object.keys(values), options);
  const settings: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(values)) {
    const option = options.get(key);
    if (!option) continue;
    try {
      settings[option.name] = option.decode(value);
    } catch (error) {
      throw invalid(`${key} ${messageOf(error)}`, error);
    }
  }
  return settings;
}

function ungroup(document: object): Readonly<Record<string, unknown>> {
  const values: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(document)) {
    if (GROUPS.includes(key) && typeof value === 'object' && value !== null) Object.assign(values, value);
    else if (value !== null) values[FORMER[key] ?? key] = FORMER[key] ? [value] : value;
  }
  return values;
}

function refuseUnknown(keys: readonly string[], options: ReadonlyMap<string | undefined, AnyOption>): void {
  const known = [...options.keys()].filter((key) => key !== undefined);
  const unknown = keys.filter((key) => !options.has(key));
  if (unknown.length === 0) return;
  const named = unknown.map((key) => `${key}${suggestion(key, known)}`);
  throw invalid(`the following directives don't match any configuration option: ${named.join(', ')}`);
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

const show = (value: unknown): string =>
  withoutCredentials(typeof value === 'string' ? value : JSON.stringify(value));
const withoutCredentials = (text: string): string => text.replace(/\/\/[^/@\s"]+@/g, '//xxxxx:xxxxx@');
