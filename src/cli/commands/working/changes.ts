import { invalid } from '#lib/errors';
import type { WorkingConfigRequest } from '#protocol';

/** What `berth config` was told. */
export interface ConfigFlags {
  readonly change: readonly string[];
  readonly cmd: string;
  readonly entrypoint: string;
  readonly env: readonly string[];
  readonly healthcheck: string;
  readonly 'healthcheck-interval': number | undefined;
  readonly 'healthcheck-retries': number | undefined;
  readonly 'healthcheck-start-period': number | undefined;
  readonly 'healthcheck-timeout': number | undefined;
  readonly label: readonly string[];
  readonly onbuild: readonly string[];
  readonly port: readonly string[];
  readonly shell: string;
  readonly 'stop-signal': string;
  readonly user: string;
  readonly volume: readonly string[];
  readonly workingdir: string;
}

/**
 * The flags as Dockerfile instructions, in an order in which none undoes another: the shell before the lines that it
 * runs, the entrypoint before the command. @throws invalid
 */
export function changesOf(flags: ConfigFlags, given: ReadonlySet<string>): WorkingConfigRequest {
  const [env, labels, ports, volumes] = [
    split(flags.env),
    split(flags.label),
    split(flags.port),
    split(flags.volume),
  ];
  const line = (keyword: string, value: string) => (value === '' ? [] : [`${keyword} ${oneLine(value)}`]);
  // An empty array takes the image's away; an empty word here means the same.
  const start = (keyword: string, name: 'cmd' | 'entrypoint') =>
    given.has(name) ? [`${keyword} ${oneLine(flags[name]) || '[]'}`] : [];
  const changes = [
    ...env.kept.map((text) => `ENV ${pair(text, { expands: true })}`),
    ...labels.kept.map((text) => `LABEL ${pair(text, { expands: false })}`),
    ...line('SHELL', flags.shell),
    ...start('ENTRYPOINT', 'entrypoint'),
    ...start('CMD', 'cmd'),
    ...line('USER', flags.user),
    ...line('WORKDIR', flags.workingdir),
    ...ports.kept.flatMap((port) => line('EXPOSE', port)),
    ...volumes.kept.map((path) => `VOLUME ${JSON.stringify([path])}`),
    ...line('STOPSIGNAL', flags['stop-signal']),
    ...healthcheck(flags),
    ...flags.onbuild.flatMap((instruction) => line('ONBUILD', instruction)),
    ...flags.change,
  ];
  return {
    Changes: changes,
    Remove: {
      Env: env.removed,
      Labels: labels.removed,
      ExposedPorts: ports.removed,
      Volumes: volumes.removed,
    },
  };
}

/** `NAME-` takes NAME out, `-` all of them. */
function split(values: readonly string[]): { kept: string[]; removed: string[] } {
  const isRemoval = (value: string) => value.endsWith('-') && !value.includes('=');
  return {
    kept: values.filter((value) => !isRemoval(value)),
    removed: values.filter(isRemoval).map((value) => (value === '-' ? '*' : value.slice(0, -1))),
  };
}

/** `NAME="value"`, quoted so that the language reads what was typed. @throws invalid */
function pair(text: string, { expands }: { readonly expands: boolean }): string {
  const equals = text.indexOf('=');
  if (equals < 1) throw invalid(`${JSON.stringify(text)} is no NAME=value`);
  // What expands may have \$ for a dollar sign that does not.
  const special = expands ? /"|\\(?!\$)/g : /["\\$]/g;
  return `${oneLine(text.slice(0, equals))}="${oneLine(text.slice(equals + 1)).replace(special, String.raw`\$&`)}"`;
}

/** @throws invalid */
function oneLine(text: string): string {
  if (/[\r\n]/.test(text)) throw invalid(`${JSON.stringify(text)}: a line break cannot be part of it`);
  return text;
}

/** @throws invalid */
function healthcheck(flags: ConfigFlags): string[] {
  const times = (['interval', 'timeout', 'start-period'] as const).flatMap((name) => {
    const nanoseconds = flags[`healthcheck-${name}`];
    return nanoseconds === undefined ? [] : [`--${name}=${nanoseconds / 1e6}ms`];
  });
  const retries = flags['healthcheck-retries'];
  const options = [...times, ...(retries === undefined ? [] : [`--retries=${retries}`])];
  const command = oneLine(flags.healthcheck);
  if (command === '') {
    if (options.length > 0) throw invalid('--healthcheck says what is checked: give it with its times');
    return [];
  }
  if (command.toUpperCase() === 'NONE') return ['HEALTHCHECK NONE'];
  return [`HEALTHCHECK ${[...options, 'CMD', command.replace(/^CMD\s+/, '')].join(' ')}`];
}
