import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { expandInstruction, parseTrigger } from '#dockerfile';
import { isKind } from '#lib/errors';
import { type ConfigFlags, changesOf } from './changes.ts';

const NOTHING: ConfigFlags = {
  change: [],
  cmd: '',
  entrypoint: '',
  env: [],
  healthcheck: '',
  'healthcheck-interval': undefined,
  'healthcheck-retries': undefined,
  'healthcheck-start-period': undefined,
  'healthcheck-timeout': undefined,
  label: [],
  onbuild: [],
  port: [],
  shell: '',
  'stop-signal': '',
  user: '',
  volume: [],
  workingdir: '',
};

const changes = (flags: Partial<ConfigFlags>) =>
  changesOf({ ...NOTHING, ...flags }, new Set(Object.keys(flags))).Changes ?? [];

test('flags become instructions, none of which undoes another', () => {
  assert.deepEqual(changes({ cmd: 'run it', entrypoint: '["x"]', shell: '["bash", "-c"]' }), [
    'SHELL ["bash", "-c"]',
    'ENTRYPOINT ["x"]',
    'CMD run it',
  ]);
  assert.deepEqual(changes({ cmd: '' }), ['CMD []']);
  assert.deepEqual(changes({ port: ['80', '53/udp'], volume: ['/a b'] }), [
    'EXPOSE 80',
    'EXPOSE 53/udp',
    'VOLUME ["/a b"]',
  ]);
  assert.deepEqual(changes({ healthcheck: 'CMD curl x', 'healthcheck-interval': 1_500_000_000 }), [
    'HEALTHCHECK --interval=1500ms CMD curl x',
  ]);
  assert.deepEqual(changes({ healthcheck: 'none' }), ['HEALTHCHECK NONE']);
});

test('a name with a minus behind it is taken out, but a value may end in one', () => {
  const { Changes, Remove } = changesOf({ ...NOTHING, env: ['A-', 'B=-', 'C=1-'], label: ['-'] }, new Set());
  assert.deepEqual(Changes, ['ENV B="-"', 'ENV C="1-"']);
  assert.deepEqual([Remove?.Env, Remove?.Labels], [['A'], ['*']]);
});

test('what cannot be meant is refused', () => {
  for (const bad of [
    { env: ['A'] },
    { env: ['=x'] },
    { label: ['x=1\nRUN y'] },
    { user: 'a\nCMD b' },
    { 'healthcheck-interval': 5 },
  ]) {
    assert.throws(
      () => changes(bad),
      (error) => isKind(error, 'invalid'),
    );
  }
});

const value = fc.string({ unit: 'grapheme-ascii' });
const pairsOf = (line: string, variables = new Map<string, string>()) => {
  const instruction = expandInstruction(parseTrigger(line), variables, '\\');
  assert.ok(instruction.kind === 'ENV' || instruction.kind === 'LABEL');
  return instruction.pairs;
};

test('a label arrives as it was typed, whatever is in it', () => {
  fc.assert(
    fc.property(value, (text) => {
      const [line = ''] = changes({ label: [`name=${text}`] });
      assert.deepEqual(pairsOf(line), [['name', text]]);
    }),
  );
});

test('a variable does, too, but for names of variables', () => {
  fc.assert(
    fc.property(
      value.filter((text) => !text.includes('$')),
      (text) => {
        const [line = ''] = changes({ env: [`NAME=${text}`] });
        assert.deepEqual(pairsOf(line), [['NAME', text]]);
      },
    ),
  );
  const [line = ''] = changes({ env: [String.raw`NAME=$A and \$A`] });
  assert.deepEqual(pairsOf(line, new Map([['A', '1']])), [['NAME', '1 and $A']]);
});
