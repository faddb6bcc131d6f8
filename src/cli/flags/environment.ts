import { readFileSync } from 'node:fs';
import { invalid } from '#lib/errors';
import { fileError } from '../errors.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** `NAME=value`, or `NAME` for the value it has here. @throws invalid */
export function checkEnv(text: string): string {
  if (text === '' || text.startsWith('=')) throw invalid(`invalid environment variable: ${text}`);
  return text;
}

/** Files first, then single variables, so that `-e` wins; later ones win over earlier. @throws invalid */
export function collectEnv(files: readonly string[], single: readonly string[], env: Environment): string[] {
  const fromFiles = files.flatMap((path) =>
    readLines(path, env, { unset: 'skip', kind: 'environment variable' }),
  );
  // A bare name that is not set here takes the image's variable away.
  const direct = single.map((text) =>
    text.includes('=') || env[text] === undefined ? text : `${text}=${env[text]}`,
  );
  return [...fromFiles, ...direct];
}

/** `--label` and `--label-file`, one map. @throws invalid */
export function collectLabels(
  files: readonly string[],
  single: readonly string[],
  env: Environment,
): Record<string, string> {
  const lines = [
    ...files.flatMap((path) => readLines(path, env, { unset: 'empty', kind: 'label' })),
    ...single,
  ];
  const labels: Record<string, string> = {};
  for (const line of lines) {
    const equals = line.indexOf('=');
    const name = equals < 0 ? line : line.slice(0, equals);
    if (name === '') throw invalid(`invalid label format: ${JSON.stringify(line)}`);
    labels[name] = equals < 0 ? '' : line.slice(equals + 1);
  }
  return labels;
}

interface LineRules {
  /** What a line without `=` means when the environment does not have it. */
  readonly unset: 'skip' | 'empty';
  readonly kind: string;
}

/**
 * Docker's env files: a variable a line, taken literally (no quotes, no escapes); lines that begin with `#` and empty
 * ones are skipped, as is white space in front.
 */
function readLines(path: string, env: Environment, rules: LineRules): string[] {
  const result: string[] = [];
  for (const [position, raw] of decode(path).split('\n').entries()) {
    // oxlint-disable-next-line no-irregular-whitespace
    const line = raw.replace(/\r$/, '').replace(/^[\s\uFEFF]+/, '');
    if (line === '' || line.startsWith('#')) continue;
    const equals = line.indexOf('=');
    const name = equals < 0 ? line.trim() : line.slice(0, equals);
    if (name === '') throw invalid(`no variable name on line '${line}' of ${path}`);
    if (/\s/.test(name))
      throw invalid(
        `invalid ${rules.kind} on line ${position + 1} of ${path}: '${name}' contains whitespaces`,
      );
    if (equals >= 0) result.push(line);
    else if (env[name] !== undefined) result.push(`${name}=${env[name]}`);
    else if (rules.unset === 'empty') result.push(`${name}=`);
  }
  return result;
}

function decode(path: string): string {
  try {
    const bytes = readFileSync(path);
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) throw invalid(`${path} is not UTF-8 text`, error);
    throw invalid(`open ${path}: ${fileError(error)}`, error);
  }
}
