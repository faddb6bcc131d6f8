import { readFileSync } from 'node:fs';
import { invalid, messageOf } from '#lib/errors';

export interface SecurityOptions {
  readonly options: readonly string[];
  /** Set when `systempaths=unconfined` was given: nothing is masked or read-only. */
  readonly openSystemPaths: boolean;
}

/** `--security-opt`: a seccomp profile is a file here and its JSON on the wire. @throws invalid */
export function parseSecurityOptions(values: readonly string[]): SecurityOptions {
  const options: string[] = [];
  let openSystemPaths = false;
  for (const value of values) {
    const [, key = '', setting] = /^([^=:]*)(?:[=:]([\s\S]*))?$/.exec(value) ?? [];
    if (setting === undefined && key !== 'no-new-privileges')
      throw invalid(`Invalid --security-opt: ${JSON.stringify(value)}`);
    if (key === 'systempaths' && setting === 'unconfined') openSystemPaths = true;
    else if (key === 'seccomp' && setting !== 'unconfined' && setting !== 'builtin')
      options.push(`seccomp=${readProfile(setting ?? '')}`);
    else options.push(value);
  }
  return { options, openSystemPaths };
}

function readProfile(path: string): string {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw invalid(`opening seccomp profile (${path}) failed: ${messageOf(error)}`, error);
  }
  try {
    return JSON.stringify(JSON.parse(text));
  } catch (error) {
    throw invalid(`compacting json for seccomp profile (${path}) failed: ${messageOf(error)}`, error);
  }
}

/** `--storage-opt size=10G`. @throws invalid */
export function parsePairs(values: readonly string[], complaint: string): Record<string, string> {
  const pairs: Record<string, string> = {};
  for (const value of values) {
    const equals = value.indexOf('=');
    if (equals <= 0) throw invalid(`${complaint}: ${value}`);
    pairs[value.slice(0, equals)] = value.slice(equals + 1);
  }
  return pairs;
}
