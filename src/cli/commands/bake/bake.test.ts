import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { argumentsOf } from './arguments.ts';
import type { Bakeable } from './bakeable.ts';
import { parseComposeFile } from './compose-file.ts';
import { interpolate } from './compose-variables.ts';
import { parseJsonFile, resolveJsonFile } from './json-file.ts';
import { parseOverride } from './overrides.ts';
import { selectTargets } from './select.ts';

const json = (content: object, variables: Record<string, unknown> = {}): Bakeable =>
  resolveJsonFile(parseJsonFile('bake.json', JSON.stringify(content)), new Map(Object.entries(variables)));

const selected = (file: Bakeable, names: readonly string[], overrides: readonly string[] = []) =>
  Object.fromEntries(selectTargets(file, names, overrides.map(parseOverride)).targets);

describe('a JSON bake file', () => {
  it('variables, inheritance, groups and a matrix', () => {
    const file = json(
      {
        group: { default: { targets: ['app', 'test'] } },
        target: {
          base: {
            args: { A: '1', B: '2' },
            tags: ['base'],
            'cache-from': ['x'],
            labels: { v: 'v${V}-$${V}' },
          },
          app: {
            inherits: ['base'],
            args: { B: '3', C: null },
            tags: ['app:${V}'],
            'cache-from': ['y'],
            pull: '${P}',
          },
          test: {
            name: 'test-${os}-${it.n}',
            matrix: { os: ['a', 'b'], it: [{ n: 1 }, { n: 2 }] },
            target: '${os}',
            output: [{ type: 'local', dest: 'out,put' }],
            ssh: [{ id: 'default' }, { id: 'k', paths: ['/a=b'] }, 'plain'],
          },
        },
      },
      { V: '7', P: true },
    );
    const targets = selected(file, ['default']);
    assert.deepEqual(Object.keys(targets), ['app', 'test-a-1', 'test-a-2', 'test-b-1', 'test-b-2']);
    assert.deepEqual(targets['app'], {
      args: { A: '1', B: '3', C: null },
      tags: ['app:7'],
      'cache-from': ['x', 'y'],
      labels: { v: 'v7-${V}' },
      pull: true,
    });
    assert.deepEqual(targets['test-b-2'], {
      target: 'b',
      output: ['type=local,"dest=out,put"'],
      ssh: ['default', 'k=/a=b', 'plain'],
    });
  });

  it('what is set on the command line wins', () => {
    const file = json({
      target: { a: { args: { A: '1' }, tags: ['a'] }, ab: { tags: ['b'] }, c: { inherits: ['a'] } },
    });
    const targets = selected(
      file,
      ['a', 'ab', 'c'],
      [
        'a*.tags=one',
        'a*.tags=two',
        'c.tags+=three',
        '*.args.A=2',
        'ab.platform=linux/arm64',
        'ab.no-cache=true',
      ],
    );
    assert.deepEqual(targets, {
      a: { args: { A: '2' }, tags: ['one', 'two'] },
      ab: { args: { A: '2' }, tags: ['one', 'two'], platforms: ['linux/arm64'], 'no-cache': true },
      c: { args: { A: '2' }, tags: ['a', 'three'] },
    });
  });

  it('what others use as a context comes before them', () => {
    const contexts = (...names: string[]) => ({
      contexts: Object.fromEntries(names.map((name) => [name, `target:${name}`])),
    });
    const file = json({ target: { a: contexts('b', 'c'), b: contexts('c'), c: {} } });
    const { targets, linked } = selectTargets(file, ['a'], []);
    assert.deepEqual([[...targets.keys()], [...linked.keys()]], [['a'], ['c', 'b']]);
    const loop = json({ target: { a: contexts('b'), b: contexts('a') } });
    assert.throws(() => selectTargets(loop, ['a'], []), /loop of contexts: a -> b -> a/);
  });

  it('what is wrong is named', () => {
    const cases: [() => unknown, RegExp][] = [
      [() => parseJsonFile('b.json', '{'), / b\.json: /],
      [() => json({ targets: {} }), /unknown key targets/],
      [() => json({ target: { a: { tag: 'x' } } }), /target a: unknown attribute tag/],
      [() => json({ target: { a: { tags: [{}] } } }), /target a: tags must be text/],
      [() => json({ target: { a: { args: [] } } }), /args must be an object/],
      [() => json({ target: { a: { pull: 'perhaps' } } }), /pull must be true or false/],
      [() => json({ target: { a: { tags: ['${NO}'] } } }), /there is no variable NO/],
      [() => json({ target: { a: { tags: ['${upper(X)}'] } } }), /\$\{upper\(X\)\} is not understood/],
      [() => json({ target: { a: { matrix: { x: [1, 2] }, name: 'a' } } }), /a is there twice/],
      [() => json({ target: { a: { matrix: { x: 1 }, name: 'a' } } }), /matrix\.x must be a list/],
      [() => json({ target: { a: { matrix: { x: [1] } } } }), /name must be given/],
      [() => json({ target: { '../a': {} } }), /the name "\.\.\/a" must be made of letters/],
      [
        () => json({ target: { a: { ssh: [{ id: 'a', paths: ['b', 'c'] }] } } }),
        /ssh\.paths must have one path/,
      ],
      [() => selected(json({}), ['default']), /failed to find target default/],
      [() => selected(json({ target: { a: { inherits: ['a'] } } }), ['a']), /loop of inheritance: a -> a/],
      [
        () => selected(json({ group: { a: { targets: ['b'] }, b: { targets: ['a'] } } }), ['a']),
        /loop of groups/,
      ],
      [() => parseOverride('a.tags'), /invalid override "a\.tags"/],
      [() => parseOverride('a.args=1'), /expected target\.args\.name=value/],
      [() => parseOverride('a.tags.x=1'), /tags has no names/],
      [() => parseOverride('a.target+=1'), /target is no list/],
      [() => selected(json({ target: { a: {} } }), ['a'], ['b.pull=1']), /there is no such target/],
    ];
    for (const [act, message] of cases) assert.throws(act, message, String(act));
  });
});

describe('a compose file', () => {
  const parse = (text: string, env: Record<string, string> = {}) =>
    parseComposeFile('compose.yaml', text, env);

  it('each service that is built is a target', () => {
    const { targets, groups } = parse(
      `
services:
  db: { image: postgres }
  web:
    image: "web:\${TAG:-latest}"
    build:
      context: web
      dockerfile_inline: FROM scratch
      args: [A=1, B]
      labels: { x: "1$$2" }
      additional_contexts: { base: "service:my.base" }
      cache_from: [ "type=local,src=c" ]
      extra_hosts: [ "h:1.2.3.4" ]
      secrets: [ key, { source: token, target: t } ]
      x-bake: { tags: [ "other:1" ], platforms: [ linux/arm64 ] }
  my.base: { build: . }
secrets:
  key: { file: ./key }
  token: { environment: TOKEN }
`,
      { TAG: '3' },
    );
    assert.deepEqual(groups.get('default'), ['web', 'my_base']);
    assert.deepEqual(targets.get('my_base'), { context: '.' });
    assert.deepEqual(targets.get('web'), {
      context: 'web',
      'dockerfile-inline': 'FROM scratch',
      args: { A: '1', B: null },
      labels: { x: '1$2' },
      contexts: { base: 'target:my_base' },
      'cache-from': ['type=local,src=c'],
      'extra-hosts': { h: '1.2.3.4' },
      tags: ['other:1'],
      secret: ['id=key,src=./key', 'id=t,env=TOKEN'],
      platforms: ['linux/arm64'],
    });
  });

  it('what is wrong is named', () => {
    assert.throws(() => parse('services: ['), /^BerthError: compose\.yaml: /);
    assert.throws(
      () => parse('services: {a: {build: {contxt: x}}}'),
      /services\.a\.build: unknown attribute contxt/,
    );
    assert.throws(() => parse('services: {a: {build: {secrets: [x]}}}'), /there is no secret x/);
    assert.throws(() => parse('services: {a: {image: "${X:?say it}"}}'), /X is required: say it/);
    assert.throws(() => parse('services: {a: {image: "${X"}}'), /is not closed/);
  });

  it('interpolation', () => {
    const env = { A: 'a', EMPTY: '' };
    for (const [text, expected] of [
      ['$A-${A}-$$A', 'a-a-$A'],
      ['${EMPTY:-d}${EMPTY-d}${NO-d}${NO:-${A}x}', 'ddax'],
      ['${A:+x}${EMPTY:+x}${EMPTY+y}${NO+z}', 'xy'],
      ['${NO}', ''],
    ] as const)
      assert.equal(interpolate(text, env, ''), expected, text);
  });

  it('text without a dollar stays, and with one it is read or refused', () => {
    const piece = fc.constantFrom('$', '{', '}', 'A', ':', '-', '?', '+', ' ', '1');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
        const text = pieces.join('');
        try {
          const result = interpolate(text, { A: 'a' }, '');
          if (!text.includes('$')) assert.equal(result, text);
        } catch (error) {
          assert.ok(
            text.includes('$') && error instanceof Error && error.name === 'BerthError',
            String(error),
          );
        }
      }),
    );
  });
});

it('a target in words of build', () => {
  const target = {
    context: 'sub',
    dockerfile: 'D',
    args: { A: '1', B: null },
    tags: ['a', 'b'],
    contexts: { base: 'target:base', x: './x' },
    'no-cache': true,
    target: 't',
  };
  const files = { dockerfile: undefined, layouts: new Map([['base', '/tmp/base']]) };
  assert.deepEqual(argumentsOf(target, files), [
    '--tag=a',
    '--tag=b',
    '--target=t',
    '--build-arg=A=1',
    '--build-arg=B',
    '--build-context=base=oci-layout:///tmp/base',
    '--build-context=x=./x',
    '--no-cache',
    `--file=${process.cwd()}/sub/D`,
    '--',
    'sub',
  ]);
});
