import fc from 'fast-check';

/** Texts that break programs: paths, escapes, control characters, numbers that are none, another format's syntax. */
const TEXTS = [
  '',
  ' ',
  '.',
  '..',
  '/',
  '//',
  '../../../../../etc/passwd',
  '/proc/self/root',
  '/proc/1/root/etc',
  'a/b/c/d',
  '-rf',
  '--help',
  '\0',
  'a\0b',
  '\n',
  '\r\nSet-Cookie: x',
  '\u001b[31m',
  '\u202e',
  '\ud800',
  '💥',
  'ａ',
  '%00',
  '%2e%2e%2f',
  '${HOME}',
  '$(reboot)',
  '`id`',
  "' OR 1=1 --",
  '{{.}}',
  '<x>',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'null',
  'undefined',
  'NaN',
  'true',
  '0',
  '-1',
  '1e309',
  '0x10',
  '1.5',
  '00',
  '+5',
  '9223372036854775807',
  '9223372036854775808',
  '18446744073709551616',
  '99999999999999999999999999',
  '65536',
  '80/tcp',
  '80/nonsense',
  '0-70000',
  '256.256.256.256',
  '198.18.0.0/33',
  '::1::',
  'fe80::1%eth0',
  '02:42:ac:11:00',
  'sha256:',
  `sha256:${'0'.repeat(64)}`,
  `sha256:${'g'.repeat(64)}`,
  '0'.repeat(64),
  'UPPER/case:tag',
  'name:tag:tag',
  'name@sha256:00',
  '127.0.0.1:1/nothing:here',
  'container:',
  'container:running',
  'container:container:x',
  'host',
  'none',
  'bridge',
  'running',
  'stopped',
  'busybox',
  'vol',
  'net',
  'SIGKILL',
  'SIGNOTHING',
  'RTMIN+99',
  '10m',
  '1h2m3s',
  '2020-13-45T99:99:99Z',
  '1136073600.0000000000001',
  'ctrl-',
  'ctrl-a,ctrl-@,ctrl-\\',
  'linux/amd64',
  '{"os":"linux","architecture":"amd64"}',
  '{"os":7}',
  'a=b',
  '=b',
  'a='.repeat(2000),
  'x'.repeat(5000),
  '['.repeat(2000),
] as const;

export const hostileText = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...TEXTS) },
  { weight: 1, arbitrary: fc.string({ maxLength: 40, unit: 'binary' }) },
  { weight: 1, arbitrary: fc.string({ maxLength: 300 }) },
);

const NUMBERS = [
  0,
  -0,
  1,
  -1,
  2,
  0.5,
  5,
  99,
  1000,
  65_535,
  65_536,
  2 ** 31 - 1,
  2 ** 31,
  -(2 ** 31),
  2 ** 32,
  2 ** 53,
  2 ** 63,
  2 ** 64,
  -(2 ** 63),
  1e308,
  -1e308,
  1e-9,
  4_194_304,
  6_291_456,
];

/** Any JSON value, most often of a type that is not expected. */
export const hostileValue: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 4, arbitrary: hostileText },
  { weight: 3, arbitrary: fc.constantFrom(...NUMBERS) },
  { weight: 1, arbitrary: fc.boolean() },
  { weight: 1, arbitrary: fc.constant(null) },
  { weight: 1, arbitrary: fc.array(hostileText, { maxLength: 3 }) },
  { weight: 1, arbitrary: fc.array(fc.constantFrom<unknown>(null, 7, [], {}, 'x', true), { maxLength: 3 }) },
  { weight: 1, arbitrary: fc.dictionary(hostileText, hostileText, { maxKeys: 3 }) },
  {
    weight: 1,
    arbitrary: fc.dictionary(hostileText, fc.constantFrom<unknown>(null, 7, [], {}, 'x'), { maxKeys: 3 }),
  },
  { weight: 1, arbitrary: fc.constantFrom(nested(50), nested(5000)) },
);

/** Lists in lists, as deep as said. */
function nested(depth: number): unknown {
  let value: unknown = 'deep';
  for (let level = 0; level < depth; level++) value = [value];
  return value;
}

/** Where in a document to put what: the place is counted, so that shrinking moves it to the front. */
export interface Mutation {
  readonly place: number;
  readonly kind: 'replace' | 'remove' | 'rename' | 'extend';
  readonly value: unknown;
}

export const mutation: fc.Arbitrary<Mutation> = fc.record({
  place: fc.nat({ max: 250 }),
  kind: fc.constantFrom('replace', 'replace', 'replace', 'remove', 'rename', 'extend'),
  value: hostileValue,
});

type Holder = Record<string, unknown>;

/** A copy with something wrong in it. */
export function mutated(document: unknown, { place, kind, value }: Mutation): unknown {
  // JSON goes deeper than a structured clone.
  const copy: unknown = JSON.parse(JSON.stringify(document));
  const places: [Holder, string][] = [];
  collect(copy, places);
  const chosen = places[place % Math.max(1, places.length)];
  if (!chosen) return value;
  const [holder, key] = chosen;
  if (kind === 'replace') holder[key] = value;
  else if (kind === 'extend')
    holder[typeof value === 'string' && value !== '__proto__' ? value : 'more'] = value;
  else if (kind === 'rename') {
    holder[key.toUpperCase()] = holder[key];
    delete holder[key];
  } else if (Array.isArray(holder)) holder.splice(Number(key), 1);
  else delete holder[key];
  return copy;
}

/** Not the deepest ones: this walk is recursive. */
function collect(value: unknown, places: [Holder, string][]): void {
  if (typeof value !== 'object' || value === null || places.length > 1000) return;
  for (const key of Object.keys(value)) {
    places.push([value as Holder, key]);
    collect((value as Holder)[key], places);
  }
}
