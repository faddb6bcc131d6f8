import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parse as parseYaml } from 'yaml';
import { invalid, messageOf } from '#lib/errors';
import { LOG_FORMATS, LOG_LEVELS, type LogFormat, type LogLevel } from '#lib/line-log';
import { UntrustedValue } from '#oci/image';
import { RIGHTS, type Rule } from '../access/rules.ts';
import type { CommandLine } from './flags.ts';
import { choice, required, section, text } from './section.ts';

export interface Address {
  /** Undefined: every address. */
  readonly host: string | undefined;
  readonly port: number;
}

/** Paths, not yet read. */
export interface AuthConfig {
  readonly htpasswd: string | undefined;
  readonly service: string | undefined;
  readonly issuer:
    | { readonly realm: string; readonly service: string; readonly issuer: string; readonly keys: string }
    | undefined;
  readonly rules: readonly Rule[] | undefined;
}

export interface Config {
  readonly listen: Address;
  readonly root: string;
  readonly readOnly: boolean;
  readonly log: { readonly level: LogLevel; readonly format: LogFormat };
  readonly auth: AuthConfig | undefined;
  readonly tls: { readonly cert: string; readonly key: string } | undefined;
}

const KEYS = ['auth', 'listen', 'log', 'read-only', 'root', 'tls'];

/** The configuration file and what the flags say on top of it. @throws invalid */
export function loadConfig({ config, settings }: CommandLine): Config {
  const document = config === undefined ? {} : readDocument(config);
  for (const [path, value] of settings) put(document, path, value);
  return readConfig(new UntrustedValue(document, 'configuration'));
}

export function readConfig(value: UntrustedValue): Config {
  const all = section(value, KEYS);
  const log = section(all.field('log'), ['format', 'level']);
  const tls = section(all.field('tls'), ['cert', 'key']);
  return {
    listen: readAddress(all.field('listen').string() ?? ':5000'),
    root: resolve(all.field('root').string() ?? '/var/lib/berth-registry'),
    readOnly: all.field('read-only').boolean() ?? false,
    log: {
      level: choice(log.field('level'), LOG_LEVELS) ?? 'info',
      format: choice(log.field('format'), LOG_FORMATS) ?? 'json',
    },
    auth: readAuth(all.field('auth')),
    tls: tls.present ? { cert: text(tls.field('cert')), key: text(tls.field('key')) } : undefined,
  };
}

function readAuth(value: UntrustedValue): AuthConfig | undefined {
  const auth = section(value, ['access', 'htpasswd', 'service', 'token']);
  if (!auth.present) return undefined;
  const token = section(auth.field('token'), ['issuer', 'keys', 'realm', 'service']);
  const htpasswd = auth.field('htpasswd').string();
  if (htpasswd === undefined && !token.present)
    throw invalid('configuration.auth needs htpasswd, token or both');
  return {
    htpasswd,
    service: auth.field('service').string(),
    issuer: token.present
      ? {
          realm: text(token.field('realm')),
          service: text(token.field('service')),
          issuer: text(token.field('issuer')),
          keys: text(token.field('keys')),
        }
      : undefined,
    rules: auth.field('access').list()?.map(readRule),
  };
}

function readRule(value: UntrustedValue): Rule {
  const rule = section(value, ['repositories', 'rights', 'users']);
  return {
    users: required(rule.field('users').strings(), rule.field('users')),
    repositories: required(rule.field('repositories').strings(), rule.field('repositories')),
    rights: required(rule.field('rights').list(), rule.field('rights')).map((right) =>
      required(choice(right, RIGHTS), right),
    ),
  };
}

function readDocument(path: string): Record<string, unknown> {
  let document: unknown;
  try {
    document = parseYaml(readFileSync(path, 'utf8')) ?? {};
  } catch (error) {
    throw invalid(`cannot read the configuration ${path}: ${messageOf(error)}`, error);
  }
  if (!isObject(document)) throw invalid(`the configuration ${path} must be a map`);
  return document;
}

/** `:5000`, `127.0.0.1:5000`, `[::1]:5000` */
function readAddress(text: string): Address {
  const [, bracketed, plain, port] = /^(?:\[([\da-fA-F:.]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(text) ?? [];
  if (port === undefined || Number(port) > 65_535)
    throw invalid(`listen must be host:port, not ${JSON.stringify(text)}`);
  return { host: bracketed ?? (plain || undefined), port: Number(port) };
}

function put(document: Record<string, unknown>, path: readonly string[], value: string | boolean): void {
  let at = document;
  for (const key of path.slice(0, -1)) {
    const below = at[key];
    const next = isObject(below) ? below : {};
    at[key] = next;
    at = next;
  }
  at[path.at(-1) ?? ''] = value;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
