import fc from 'fast-check';
import { BODIES } from './bodies.ts';
import { hostileText, hostileValue, type Mutation, mutated, mutation } from './hostile.ts';
import { OPERATIONS, type Operation } from './operations.ts';

/** A request to send: all that a run did is in it, so that it can be read, shrunk and sent again. */
export interface Attack {
  readonly operation: Operation;
  /** With the version in front, or without. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

const FILTERS = [
  'ancestor',
  'annotation',
  'before',
  'container',
  'dangling',
  'driver',
  'event',
  'exited',
  'expose',
  'health',
  'id',
  'image',
  'is-task',
  'isolation',
  'label',
  'label!',
  'name',
  'network',
  'publish',
  'reference',
  'scope',
  'since',
  'stars',
  'status',
  'type',
  'until',
  'volume',
  'all',
  'is-official',
];

const filters: fc.Arbitrary<string> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .dictionary(fc.constantFrom(...FILTERS), fc.array(hostileText, { maxLength: 3 }), { maxKeys: 3 })
      .map((value) => JSON.stringify(value)),
  },
  {
    weight: 2,
    arbitrary: fc
      .dictionary(fc.constantFrom(...FILTERS), fc.dictionary(hostileText, fc.boolean(), { maxKeys: 2 }), {
        maxKeys: 3,
      })
      .map((value) => JSON.stringify(value)),
  },
  { weight: 1, arbitrary: hostileValue.map((value) => JSON.stringify(value) ?? '') },
  { weight: 1, arbitrary: hostileText },
);

/** Values that a parameter is meant to have: deep code is reached only with most of a request in order. */
const GOOD: Readonly<Record<string, readonly string[]>> = {
  container: ['running', 'stopped', 'paused'],
  path: ['/etc', '/', '/etc/passwd', '/../..', '/proc/1/root', '/link', '/tmp'],
  signal: ['TERM', '0', '9', 'SIGUSR1'],
  condition: ['not-running', 'next-exit', 'removed'],
  since: ['0', '1136073600.5'],
  until: ['1', '1136073600.5'],
  tail: ['all', '1'],
  t: ['0', '1', '-1'],
  h: ['24'],
  w: ['80'],
  names: ['busybox', 'keep:1'],
  fromImage: ['127.0.0.1:1/a', '127.0.0.1:1/a:b'],
  fromSrc: ['-', 'http://127.0.0.1:1/x.tar'],
  term: ['127.0.0.1:1/a', 'a'],
  repo: ['fuzzed', 'fuzzed/deep'],
  tag: ['one', 'latest'],
  platform: ['linux/amd64', '{"os":"linux","architecture":"arm64"}'],
  platforms: ['{"os":"linux","architecture":"amd64"}'],
  changes: ['CMD ["x"]', 'ENV a=b', 'RUN x', 'LABEL'],
  type: ['image', 'volume'],
  remote: ['127.0.0.1:1/plugin'],
  name: ['fuzzed'],
};

const FLAG = fc.constantFrom('1', '0', 'true', 'false', '');

function parameter(name: string): fc.Arbitrary<string> {
  if (name === 'filters') return filters;
  const good = GOOD[name];
  return fc.oneof(
    { weight: 3, arbitrary: good ? fc.constantFrom(...good) : FLAG },
    { weight: 2, arbitrary: hostileText },
  );
}

/** Some parameters, some twice, some that nobody knows. */
function query(names: readonly string[]): fc.Arbitrary<string> {
  const known = names.map((name) =>
    fc
      .option(parameter(name), { nil: undefined })
      .map((value) => (value === undefined ? [] : [[name, value]])),
  );
  const odd = fc.array(fc.tuple(fc.constantFrom(...names, 'other', ''), hostileText), { maxLength: 1 });
  return fc.tuple(fc.tuple(...known), odd).map(([pairs, more]) => encode([...pairs.flat(), ...more]));
}

const encode = (pairs: readonly (readonly string[])[]): string =>
  pairs.map(([name = '', value = '']) => `${escape(name)}=${escape(value)}`).join('&');

/** Lone surrogates, which URIs cannot have, go as the bytes that stand for what is broken. */
const escape = (text: string): string => encodeURIComponent(text.toWellFormed());

const PLACES: Readonly<Record<string, readonly string[]>> = {
  container: ['running', 'running', 'stopped', 'paused', 'nosuch'],
  exec: ['{exec}', '{exec}', 'nosuch'],
  image: ['busybox', 'keep:1', 'fuzzed', 'nosuch'],
  remote: ['127.0.0.1:1/a', '127.0.0.1:1/a:b'],
  network: ['net', 'bridge', 'nosuch'],
  volume: ['vol', 'nosuch'],
  name: ['x'],
};

function path(template: string): fc.Arbitrary<string> {
  const parts = template.split(/(\{\w+\})/);
  const drawn = parts.map((part) => {
    const name = /^\{(\w+)\}$/.exec(part)?.[1];
    if (name === undefined) return fc.constant(part);
    return fc.oneof(
      { weight: 12, arbitrary: fc.constantFrom(...(PLACES[name] ?? ['x'])) },
      { weight: 2, arbitrary: hostileText.map(escape) },
      { weight: 1, arbitrary: fc.constantFrom('%', '%zz', '%2', '..', 'a%2fb', '%00', '') },
    );
  });
  return fc.tuple(...drawn).map((pieces) => pieces.join(''));
}

const version: fc.Arbitrary<string> = fc.oneof(
  { weight: 30, arbitrary: fc.constantFrom('', '/v1.24', '/v1.40', '/v1.44', '/v1.52', '/v1.56') },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '/v',
      '/v1',
      '/v0.1',
      '/v1.57',
      '/v1.999999999999',
      '/v1.5.5',
      '/v...',
      '/V1.50',
    ),
  },
);

const headerText = fc.oneof(
  fc.constantFrom(
    '',
    'x',
    'application/json',
    'text/plain',
    'application/json; charset=utf-8',
    'e30=',
    'bm9uc2Vuc2U',
    '{}',
    '*/*',
    'x'.repeat(9000),
  ),
  fc.base64String({ maxLength: 60 }),
);

const headers: fc.Arbitrary<Readonly<Record<string, string>>> = fc.dictionary(
  fc.constantFrom(
    'Accept',
    'X-Registry-Auth',
    'X-Registry-Config',
    'Range',
    'Origin',
    'Authorization',
    'Accept-Encoding',
    'X-Meta-A',
  ),
  headerText,
  { maxKeys: 2 },
);

const contentType = fc.oneof(
  { weight: 8, arbitrary: fc.constant('application/json') },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '',
      'text/plain',
      'application/json;',
      ';',
      'application/x-www-form-urlencoded',
      'application/x-tar',
    ),
  },
);

function body(operation: Operation): fc.Arbitrary<string | undefined> {
  if (operation.body === 'none') return fc.option(hostileText, { nil: undefined, freq: 8 });
  if (operation.body === 'archive') {
    return fc.oneof(
      hostileText,
      fc.constantFrom('', 'x'.repeat(1024), '\0'.repeat(1024), '\u001f\u008b', '[1]'),
    );
  }
  const good = BODIES[operation.body];
  return fc.oneof(
    {
      weight: 8,
      arbitrary: fc
        .array(mutation, { maxLength: 2 })
        .map((mutations) =>
          serialized(mutations.reduce<unknown>((value, one: Mutation) => mutated(value, one), good)),
        ),
    },
    { weight: 1, arbitrary: hostileValue.map(serialized) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        '',
        '{',
        '{}{}',
        '{} x',
        'nul',
        '[',
        '"',
        '{"a":',
        '\ufeff{}',
        '{"a":1,"a":2}',
      ),
    },
    { weight: 1, arbitrary: hostileText },
  );
}

const serialized = (value: unknown): string => JSON.stringify(value) ?? '';

const UPGRADES = { upgrade: 'tcp', websocket: 'websocket' } as const;

export function attackOn(operation: Operation): fc.Arbitrary<Attack> {
  const upgrade =
    operation.answer === 'upgrade' || operation.answer === 'websocket'
      ? UPGRADES[operation.answer]
      : undefined;
  return fc
    .record({
      version,
      path: path(operation.path),
      query: query(operation.query),
      headers,
      contentType,
      body: body(operation),
      upgraded: fc.boolean(),
    })
    .map((drawn) => ({
      operation,
      path: `${drawn.version}${drawn.path}${drawn.query ? `?${drawn.query}` : ''}`,
      headers: {
        ...drawn.headers,
        ...(drawn.body !== undefined && drawn.contentType && { 'Content-Type': drawn.contentType }),
        ...(upgrade && drawn.upgraded && { Connection: 'Upgrade', Upgrade: upgrade }),
        ...(upgrade === 'websocket' && {
          'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
          'Sec-WebSocket-Version': '13',
        }),
      },
      body: drawn.body,
    }));
}

/** What makes things has more fields than all else together. */
const weightOf = ({ body: kind }: Operation): number =>
  kind === 'containerCreate' || kind === 'containerRun'
    ? 12
    : kind === 'none' || kind === 'anything' || kind === 'archive'
      ? 1
      : 3;

export const attack: fc.Arbitrary<Attack> = fc.oneof(
  ...OPERATIONS.map((operation) => ({ weight: weightOf(operation), arbitrary: attackOn(operation) })),
);
