import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { groupHelp, rootHelp } from '../help.ts';
import { DOCKER_FLAGS } from './docker-flags.fixture.ts';
import { findCommand, groups, groupsIn, namesOf, topVerbs } from './tree.ts';

const verb = (words: string) => {
  const found = findCommand(words.split(' '));
  assert.ok(found?.kind === 'verb', `there is no berth ${words}`);
  return found.verb;
};

describe('every option of docker', () => {
  for (const [words, options] of Object.entries(DOCKER_FLAGS)) {
    it(words, async () => {
      const { flags } = await verb(words).load();
      for (const option of options.split(' ').filter(Boolean)) {
        const [, letter, name = ''] = /^(?:-(\w)\/)?(.+)$/.exec(option) ?? [];
        if (name === 'help') continue;
        assert.ok(flags[name], `--${name} is missing`);
        assert.equal(flags[name].short, letter, `the letter of --${name}`);
      }
    });
  }
});

describe('every command', () => {
  const all = [
    ...Object.entries(groups).flatMap(([noun, { verbs }]) =>
      Object.entries(verbs).map(([name, found]) => [`${noun} ${name}`, found] as const),
    ),
    ...Object.entries(topVerbs),
  ];
  for (const [name, found] of all) {
    it(`${name} loads, and no letter is given twice`, async () => {
      const { flags, usage, args } = await found.load();
      assert.equal(typeof args, 'function');
      assert.doesNotMatch(usage, /^berth/);
      const letters = Object.values(flags).flatMap(({ short }) => short ?? []);
      assert.deepEqual(letters.length, new Set(letters).size);
      for (const { summary, hidden } of Object.values(flags)) assert.ok(hidden || summary !== '');
    });
  }
});

describe('findCommand', () => {
  it('knows aliases and what belongs to the command', () => {
    assert.equal(verb('ps'), verb('container ls'));
    assert.equal(verb('container list'), verb('container ps'));
    assert.equal(verb('rmi'), verb('image remove'));
    assert.deepEqual(findCommand(['run', '-d', 'x'])?.rest, ['-d', 'x']);
    assert.deepEqual(findCommand(['image'])?.kind, 'group');
    assert.deepEqual(findCommand(['image', 'nothing'])?.rest, ['nothing']);
    assert.equal(verb('builder history list'), verb('builder history ls'));
    assert.deepEqual(findCommand(['builder', 'history'])?.path, ['builder', 'history']);
  });

  it('does not find what objects inherit', () => {
    for (const name of ['constructor', 'toString', '__proto__', 'nothing', ''])
      assert.equal(findCommand([name]), undefined);
    assert.equal(findCommand(['image', 'constructor'])?.kind, 'group');
  });
});

it('namesOf lists every way to write a verb', () => {
  assert.deepEqual(namesOf(verb('ps')), ['container ls', 'container list', 'container ps', 'ps']);
});

it('the help shows every verb and noun once, and nothing hidden', () => {
  const help = rootHelp(80);
  for (const name of [
    ...groupsIn([]).map(([name]) => name),
    ...Object.keys(topVerbs).filter((name) => !topVerbs[name]?.hidden),
  ]) {
    assert.equal(help.split('\n').filter((line) => line.startsWith(`  ${name} `)).length, 1, name);
  }
  assert.doesNotMatch(help, /__complete/);
  for (const [path, group] of Object.entries(groups))
    for (const [inner] of groupsIn([path]))
      assert.match(groupHelp([path], group), new RegExp(`^  ${inner} `, 'm'));
});
