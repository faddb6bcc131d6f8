import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parse as parseYaml } from 'yaml';
import { invalid, messageOf } from '#lib/errors';
import { LOG_FORMATS, LOG_LEVELS, type LogFormat, type LogLevel } from '#lib/line-log';
import { UntrustedValue } from '#oci/image';
import { RIGHTS, type Rule } from '../access/rules.ts';
import type { CollectOptions } from '../collection/collect.ts';
import type { Quota } from '../content/quotas.ts';
import type { WebhookOptions } from '../events/webhook.ts';
import type { S3Options } from '../storage/index.ts';
import type { UpstreamOptions } from '../upstream/upstream.ts';
import type { CommandLine } from './flags.ts';
import { choice, duration, required, section, size, text } from './section.ts';

const HOUR_MS = 3600 * 1000;

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
  /** Where Prometheus finds its metrics. */
  readonly metrics: Address | undefined;
  readonly root: string;
  readonly s3: S3Options | undefined;
  readonly readOnly: boolean;
  readonly log: { readonly level: LogLevel; readonly format: LogFormat };
  readonly auth: AuthConfig | undefined;
  /** Undefined: nothing is collected. */
  readonly gc: (CollectOptions & { readonly interval: number }) | undefined;
  readonly quotas: readonly Quota[];
  readonly upstreams: readonly UpstreamOptions[];
  readonly webhooks: readonly WebhookOptions[];
  readonly tls: { readonly cert: string; readonly key: string } | undefined;
}

const KEYS = [
  'auth',
  'gc',
  'listen',
  'log',
  'metrics',
  'quotas',
  'read-only',
  'root',
  's3',
  'tls',
  'upstreams',
  'webhooks',
];

/** The configuration file and what the flags say on top of it. @throws invalid */
export function loadConfig({ config, settings }: CommandLine): Config {
  const document = config === undefined ? {} : readDocument(config);
  for (const [path, value] of settings) put(document, path, value);
  return readConfig(new UntrustedValue(document, 'configuration'));
}

export function readConfig(value: UntrustedValue): Config {
  const all = section(value, KEYS);
  const log = section(all.field('log'), ['format', 'level']);
  const metrics = all.field('metrics').string();
  const tls = section(all.field('tls'), ['cert', 'key']);
  return {
    listen: readAddress(all.field('listen').string() ?? ':5000'),
    root: resolve(all.field('root').string() ?? '/var/lib/berth-registry'),
    readOnly: all.field('read-only').boolean() ?? false,
    log: {
      level: choice(log.field('level'), LOG_LEVELS) ?? 'info',
      format: choice(log.field('format'), LOG_FORMATS) ?? 'json',
    },
    metrics: metrics === undefined ? undefined : readAddress(metrics),
    gc: readGc(all.field('gc')),
    quotas: all.field('quotas').list()?.map(readQuota) ?? [],
    s3: readS3(all.field('s3')),
    upstreams: all.field('upstreams').list()?.map(readUpstream) ?? [],
    webhooks: all.field('webhooks').list()?.map(readWebhook) ?? [],
    auth: readAuth(all.field('auth')),
    tls: tls.present ? { cert: text(tls.field('cert')), key: text(tls.field('key')) } : undefined,
  };
}

function readS3(value: UntrustedValue): S3Options | undefined {
  const keys = ['access-key', 'bucket', 'endpoint', 'path-style', 'prefix', 'region', 'secret-key'];
  const s3 = section(value, keys);
  if (!s3.present) return undefined;
  const prefix = s3
    .field('prefix')
    .string()
    ?.replace(/^\/+|\/+$/g, '');
  return {
    bucket: text(s3.field('bucket')),
    prefix: prefix ? `${prefix}/` : '',
    region: s3.field('region').string(),
    endpoint: s3.field('endpoint').present ? address(s3.field('endpoint')) : undefined,
    pathStyle: s3.field('path-style').boolean(),
    accessKey: s3.field('access-key').string(),
    secretKey: s3.field('secret-key').string(),
  };
}

function readGc(value: UntrustedValue): Config['gc'] {
  const gc = section(value, ['grace', 'interval', 'untagged', 'upload-lifetime']);
  const interval = duration(gc.field('interval')) ?? HOUR_MS;
  if (interval <= 0) return undefined;
  return {
    interval,
    grace: duration(gc.field('grace')) ?? HOUR_MS,
    uploadLifetime: duration(gc.field('upload-lifetime')) ?? 7 * 24 * HOUR_MS,
    untagged: choice(gc.field('untagged'), ['keep', 'remove']) === 'remove',
  };
}

function readQuota(value: UntrustedValue): Quota {
  const quota = section(value, ['each', 'limit', 'repositories']);
  return {
    repositories: text(quota.field('repositories')),
    limit: required(size(quota.field('limit')), quota.field('limit')),
    each: quota.field('each').boolean() ?? false,
  };
}

function address(value: UntrustedValue): string {
  const url = text(value);
  if (!/^https?:$/.test(URL.parse(url)?.protocol ?? ''))
    throw invalid(`${value.place} must be a http or https address, not ${JSON.stringify(url)}`);
  return url;
}

function readUpstream(value: UntrustedValue): UpstreamOptions {
  const upstream = section(value, ['password', 'prefix', 'ttl', 'url', 'username']);
  return {
    url: address(upstream.field('url')),
    prefix: upstream.field('prefix').string() ?? '',
    username: upstream.field('username').string(),
    password: upstream.field('password').string(),
    ttl: duration(upstream.field('ttl')) ?? 60_000,
  };
}

function readWebhook(value: UntrustedValue): WebhookOptions {
  const hook = section(value, ['actions', 'headers', 'repositories', 'secret', 'url']);
  const url = address(hook.field('url'));
  const actions = hook.field('actions');
  return {
    url,
    headers: hook.field('headers').stringMap(),
    secret: hook.field('secret').string(),
    actions: actions.list()?.map((action) => required(choice(action, ['push', 'delete']), action)),
    repositories: hook.field('repositories').strings(),
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
