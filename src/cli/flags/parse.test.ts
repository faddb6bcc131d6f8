import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { bool, commaList, int, list, map, string, uint } from './flag.ts';
import { parseFlags } from './parse.ts';

const FLAGS = {
  detach: bool('', { short: 'd' }),
  interactive: bool('', { short: 'i' }),
  tty: bool('', { short: 't' }),
  proxy: bool('', { on: true }),
  name: string('', { short: 'n' }),
  memory: int('', { short: 'm' }),
  weight: uint('', { max: 65535 }),
  env: list('', { short: 'e' }),
  alias: commaList(''),
  opt: map('', { short: 'o' }),
} as const;

const parse = (...argv: readonly string[]) => parseFlags(FLAGS, argv, { interspersed: true });

describe('parseFlags', () => {
  it('reads every way to write an option', () => {
    for (const argv of [
      ['--name', 'x'],
      ['--name=x'],
      ['-n', 'x'],
      ['-nx'],
      ['-n=x'],
      ['-itnx'],
      ['-itn', 'x'],
    ]) {
      assert.equal(parse(...argv).flags.name, 'x', argv.join(' '));
    }
    assert.deepEqual(
      Object.entries(parse('-itd').flags)
        .filter(([, value]) => value === true)
        .map(([name]) => name),
      ['detach', 'interactive', 'tty', 'proxy'],
    );
  });

  it('turns switches off', () => {
    assert.equal(parse('--proxy=false').flags.proxy, false);
    assert.equal(parse('-d=0').flags.detach, false);
    assert.equal(parse('-d=T').flags.detach, true);
  });

  it('collects what may be given many times', () => {
    assert.deepEqual(parse('-e', 'A=1', '--env=B', '-eC=').flags.env, ['A=1', 'B', 'C=']);
    assert.deepEqual(parse('--alias', 'a,b', '--alias=c').flags.alias, ['a', 'b', 'c']);
    assert.deepEqual(parse('-o', 'a=1', '-o', 'b', '-o', 'a=2=3').flags.opt, { a: '2=3', b: '' });
  });

  it('knows what was said from what is a default', () => {
    const { flags, given } = parse('--memory=0');
    assert.deepEqual([...given], ['memory']);
    assert.equal(flags.memory, 0);
    assert.equal(flags.weight, undefined);
  });

  it('ends options at -- and, where the rest is another program’s, at the first argument', () => {
    assert.deepEqual(parse('a', '--detach', 'b', '--', '-x').args, ['a', 'b', '-x']);
    const { flags, args } = parseFlags(FLAGS, ['-d', 'image', 'sh', '-c', '--name'], { interspersed: false });
    assert.deepEqual([flags.detach, args], [true, ['image', 'sh', '-c', '--name']]);
    assert.deepEqual(parseFlags(FLAGS, ['--', 'image', '-x'], { interspersed: false }).args, ['image', '-x']);
    assert.deepEqual(parse('-').args, ['-']);
  });

  for (const [argv, message] of [
    [['--foo'], 'unknown flag: --foo'],
    [['-z'], "unknown shorthand flag: 'z' in -z"],
    [['-dz'], "unknown shorthand flag: 'z' in -dz"],
    [['--name'], 'flag needs an argument: --name'],
    [['-dn'], "flag needs an argument: 'n' in -dn"],
    [['--=x'], 'bad flag syntax: --=x'],
    [['---x'], 'bad flag syntax: ---x'],
    [['-m', 'x'], 'invalid argument "x" for "-m, --memory" flag: parsing "x": must be a whole number'],
    [
      ['--weight', '-1'],
      'invalid argument "-1" for "--weight" flag: parsing "-1": must be a whole number, not below 0',
    ],
    [
      ['--weight', '65536'],
      'invalid argument "65536" for "--weight" flag: parsing "65536": value out of range (at most 65535)',
    ],
    [
      ['--detach=maybe'],
      'invalid argument "maybe" for "-d, --detach" flag: parsing "maybe": must be true or false',
    ],
    [['--constructor'], 'unknown flag: --constructor'],
  ] as const) {
    it(`says: ${message}`, () =>
      assert.throws(() => parse(...argv), { name: 'UsageError', message, status: 125 }));
  }

  it('gives back every value exactly as it was typed', () => {
    const value = fc.string();
    const write = fc.constantFrom(
      (text: string) => ['--env', text],
      (text: string) => [`--env=${text}`],
      (text: string) => ['-e', text],
      (text: string) => [`-e=${text}`],
    );
    fc.assert(
      fc.property(
        fc.array(fc.tuple(value, write)),
        fc.array(fc.string().filter((word) => !word.startsWith('-'))),
        (values, words) => {
          const argv = [...values.flatMap(([text, as]) => as(text)), ...words];
          const { flags, args } = parse(...argv);
          assert.deepEqual(
            flags.env,
            values.map(([text]) => text),
          );
          assert.deepEqual(args, words);
        },
      ),
    );
  });

  it('knows only one kind of failure', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.string(), fc.stringMatching(/^--?[a-z=]{0,8}$/))), (argv) => {
        try {
          parse(...argv);
        } catch (error) {
          assert.equal((error as Error).name, 'UsageError');
        }
      }),
    );
  });
});
