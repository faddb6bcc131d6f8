import { readFileSync } from 'node:fs';
import { codeOf, messageOf } from '#lib/errors';
import { Exit } from '../errors.ts';
import type { Environment } from './host.ts';

/** Docker's config.json, as far as it is used here. */
export interface ConfigFile {
  readonly auths?: Readonly<Record<string, StoredAuth>>;
  readonly credsStore?: string;
  readonly credHelpers?: Readonly<Record<string, string>>;
  readonly detachKeys?: string;
  readonly psFormat?: string;
  readonly imagesFormat?: string;
  readonly networksFormat?: string;
  readonly volumesFormat?: string;
  readonly statsFormat?: string;
  readonly proxies?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

export interface StoredAuth {
  readonly auth?: string;
  readonly username?: string;
  readonly password?: string;
  readonly identitytoken?: string;
  readonly registrytoken?: string;
}

/** `--config`, BERTH_CONFIG, DOCKER_CONFIG or ~/.docker: who has logged in with `docker` is logged in here. */
export function configDirectoryOf(said: string, env: Environment): string {
  return said || env['BERTH_CONFIG'] || env['DOCKER_CONFIG'] || `${env['HOME'] || '/root'}/.docker`;
}

/** Empty when there is none. @throws Exit when it cannot be read */
export function readConfigFile(directory: string): ConfigFile {
  const path = `${directory}/config.json`;
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return {};
    throw new Exit(1, `could not read ${path}: ${messageOf(error)}`);
  }
  try {
    const value = JSON.parse(text) as ConfigFile | null;
    return value ?? {};
  } catch (error) {
    throw new Exit(1, `${path} is not valid JSON: ${messageOf(error)}`);
  }
}
