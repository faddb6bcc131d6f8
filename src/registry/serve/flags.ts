import { parseArgs } from 'node:util';
import { invalid, messageOf } from '#lib/errors';

interface Flag {
  /** Where its value goes in the configuration. */
  readonly key: readonly [string, ...string[]];
  /** What its value is, in the help; a switch has none. */
  readonly value?: string;
  readonly help: string;
}

/** Flags are the short way to write the keys of the configuration that every registry needs. */
const FLAGS: Readonly<Record<string, Flag>> = {
  htpasswd: { key: ['auth', 'htpasswd'], value: 'file', help: 'Users and their passwords, of htpasswd -B' },
  listen: { key: ['listen'], value: 'host:port', help: 'Address to serve on (default ":5000")' },
  'log-format': { key: ['log', 'format'], value: 'text|json', help: 'Form of the log (default json)' },
  'log-level': { key: ['log', 'level'], value: 'level', help: 'debug, info (default), warn or error' },
  'read-only': { key: ['read-only'], help: 'Refuse every push and delete' },
  root: {
    key: ['root'],
    value: 'dir',
    help: 'Where content is kept (default /var/lib/berth-registry)',
  },
  'tls-cert': { key: ['tls', 'cert'], value: 'file', help: 'Serve with TLS and this certificate (PEM)' },
  'tls-key': { key: ['tls', 'key'], value: 'file', help: 'Key of the certificate (PEM)' },
};

const OTHERS = {
  config: { type: 'string', short: 'c' },
  help: { type: 'boolean', short: 'h' },
  validate: { type: 'boolean' },
  version: { type: 'boolean', short: 'v' },
} as const;

export interface CommandLine {
  readonly config: string | undefined;
  readonly help: boolean;
  readonly validate: boolean;
  readonly version: boolean;
  /** What the flags say, by their keys in the configuration. */
  readonly settings: ReadonlyMap<Flag['key'], string | boolean>;
}

/** @throws invalid */
export function parseCommandLine(argv: readonly string[]): CommandLine {
  const options = Object.fromEntries(
    Object.entries(FLAGS).map(([name, { value }]) => [
      name,
      { type: value === undefined ? 'boolean' : 'string' } as const,
    ]),
  );
  const { values } = read(argv, { ...options, ...OTHERS });
  const settings = new Map<Flag['key'], string | boolean>();
  for (const [name, { key }] of Object.entries(FLAGS)) {
    const value = values[name];
    if (typeof value === 'string' || typeof value === 'boolean') settings.set(key, value);
  }
  const { config, help = false, validate = false, version = false } = values;
  return {
    config: typeof config === 'string' ? config : undefined,
    help: help === true,
    validate: validate === true,
    version: version === true,
    settings,
  };
}

function read(
  argv: readonly string[],
  options: Readonly<Record<string, { readonly type: 'boolean' | 'string'; readonly short?: string }>>,
) {
  try {
    return parseArgs({ args: [...argv], options, allowPositionals: false });
  } catch (error) {
    throw invalid(messageOf(error), error);
  }
}

export function usage(): string {
  const rows = [
    ...Object.entries(FLAGS).map(([name, { value = '', help }]) => [`    --${name} ${value}`, help] as const),
    ['-c, --config file', 'Configuration: YAML or JSON; flags go before it'] as const,
    ['-h, --help', 'Show this help'] as const,
    ['    --validate', 'Check the configuration and stop'] as const,
    ['-v, --version', 'Show the version'] as const,
  ];
  const width = Math.max(...rows.map(([left]) => left.length)) + 3;
  const lines = rows.map(([left, help]) => `  ${left.padEnd(width)}${help}`);
  return `Usage:  berth registry serve [OPTIONS]\n\nServe a registry: images are pushed to it and pulled from it\n\nOptions:\n${lines.join('\n')}\n`;
}
