import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { DockerfileError, excerpt } from './error.ts';
import { isScript } from './instructions/run.ts';
import { parseDockerfile, parseTrigger } from './parse.ts';

const instructions = (text: string) => parseDockerfile(`FROM scratch\n${text}`).stages[0]?.instructions ?? [];
const first = (text: string) => instructions(text)[0];
const refused = (text: string, message: RegExp, line = 2) =>
  assert.throws(
    () => parseDockerfile(`FROM scratch\n${text}`),
    (error: unknown) => {
      assert.ok(error instanceof DockerfileError);
      assert.match(error.message, message);
      assert.equal(error.lines?.first, line);
      return true;
    },
  );

describe('parseDockerfile', () => {
  it('parts stages and keeps what stands before the first', () => {
    const { globalArgs, stages } = parseDockerfile(
      'ARG V=1\nFROM --platform=linux/arm64 debian:$V As Build\nRUN make\nfrom build\nCOPY --from=0 a b\n',
    );
    assert.deepEqual(globalArgs[0]?.args, [{ name: 'V', value: '1' }]);
    assert.equal(stages.length, 2);
    const [build, last] = stages;
    assert.equal(build?.from.base, 'debian:$V');
    assert.equal(build?.from.platform, 'linux/arm64');
    assert.equal(build?.from.name, 'build');
    assert.equal(build?.from.writtenName, 'Build');
    assert.equal(last?.instructions[0]?.kind, 'COPY');
    assert.equal(last?.instructions[0]?.lines.first, 5);
  });

  it('joins continued lines, past comments and empty ones', () => {
    const file = parseDockerfile('FROM scratch\nRUN a \\\n # no\n\n  && b \\  \n  && c\nUSER x\n');
    const [run, user] = file.stages[0]?.instructions ?? [];
    assert.deepEqual(run?.kind === 'RUN' && run.command, { form: 'shell', script: 'a   && b   && c' });
    assert.deepEqual(run?.lines, { first: 2, last: 6 });
    assert.equal(user?.lines.first, 7);
    assert.deepEqual(file.emptyContinuations, [{ first: 2, last: 6 }]);
  });

  it('takes another escape character, CRLF and a byte order mark', () => {
    const file = parseDockerfile('\uFEFF# escape=`\r\nFROM scratch\r\nCOPY a `\r\n c:\\\r\n');
    const [copy] = file.stages[0]?.instructions ?? [];
    assert.ok(copy?.kind === 'COPY');
    assert.deepEqual([copy.sources, copy.destination], [['a'], 'c:\\']);
  });

  it('reads directives only where they count', () => {
    assert.equal(parseDockerfile('# syntax = a/b:1\n#check=skip=all\nFROM a').directives.syntax, 'a/b:1');
    assert.equal(parseDockerfile('# a comment\n# escape=`\nFROM a').directives.escape, '\\');
    assert.throws(
      () => parseDockerfile('# escape=`\n# escape=`\nFROM a'),
      /only one escape parser directive/,
    );
    assert.throws(() => parseDockerfile('# escape=x\nFROM a'), /invalid ESCAPE 'x'/);
  });

  it('knows shell and exec form; what is no JSON list is for the shell', () => {
    const forms = instructions('RUN ["a", "b c"]\nCMD [ "x", ]\nENTRYPOINT echo [1]\nCMD []').map(
      (each) => 'command' in each && each.command,
    );
    assert.deepEqual(forms, [
      { form: 'exec', words: ['a', 'b c'] },
      { form: 'shell', script: '[ "x", ]' },
      { form: 'shell', script: 'echo [1]' },
      { form: 'exec', words: [] },
    ]);
  });

  it('reads flags, repeated and quoted ones too', () => {
    const run = first('RUN --mount=type=cache,target=/c --mount="type=tmpfs,target=/t" --network=none make');
    assert.ok(run?.kind === 'RUN');
    assert.deepEqual(run.mounts, ['type=cache,target=/c', 'type=tmpfs,target=/t']);
    assert.equal(run.network, 'none');
    const copy = first(
      'COPY --from=x --link --chown=1:2 --chmod=0755 --exclude=*.o --exclude=b --parents=false a b/',
    );
    assert.ok(copy?.kind === 'COPY');
    assert.deepEqual(
      [copy.from, copy.link, copy.chown, copy.chmod, copy.excludes, copy.parents],
      ['x', true, '1:2', '0755', ['*.o', 'b'], false],
    );
    const add = first('ADD --checksum=sha256:aa --keep-git-dir --unpack=false https://x/y.tar /');
    assert.ok(add?.kind === 'ADD');
    assert.deepEqual([add.checksum, add.keepGitDir, add.unpack], ['sha256:aa', true, false]);
  });

  it('reads heredocs', () => {
    const [script, interpreter, files] = instructions(
      'RUN <<EOF\n#!/bin/sh\necho $x\nEOF\nRUN python3 <<-\'END\' > out\n\tprint(1)\n\tEND\nCOPY <<a.txt <<"b" src /dst/\none\na.txt\ntwo $x\nb\n',
    );
    assert.ok(script?.kind === 'RUN' && interpreter?.kind === 'RUN' && files?.kind === 'COPY');
    assert.equal(isScript(script), true);
    assert.equal(script.heredocs[0]?.content, '#!/bin/sh\necho $x\n');
    assert.equal(isScript(interpreter), false);
    assert.deepEqual(interpreter.heredocs, [{ name: 'END', literal: true, content: 'print(1)\n' }]);
    assert.deepEqual(
      files.inline.map(({ name, literal, content }) => [name, literal, content]),
      [
        ['a.txt', false, 'one\n'],
        ['b', true, 'two $x\n'],
      ],
    );
    assert.deepEqual([files.sources, files.destination], [['src'], '/dst/']);
    refused('RUN <<EOF\necho', /unterminated heredoc/);
  });

  it('a shift of bits and a quoted mark are no heredoc', () => {
    const [run, quoted] = instructions('RUN echo $((1 << 2))\nRUN echo "<<EOF"');
    assert.ok(run?.kind === 'RUN' && quoted?.kind === 'RUN');
    assert.deepEqual([run.heredocs, quoted.heredocs], [[], []]);
  });

  it('reads key-value pairs, old and new', () => {
    const values = instructions('ENV a=1 b="x y" c=\\ z\nENV old some  words\nLABEL "k l"=v\nARG p q=1').map(
      (each) => ('pairs' in each ? each.pairs : 'args' in each && each.args),
    );
    assert.deepEqual(values, [
      [
        ['a', '1'],
        ['b', '"x y"'],
        ['c', '\\ z'],
      ],
      [['old', 'some  words']],
      [['"k l"', 'v']],
      [{ name: 'p' }, { name: 'q', value: '1' }],
    ]);
  });

  it('reads health checks', () => {
    const check = first('HEALTHCHECK --interval=5s --retries=2 CMD curl -f http://localhost');
    assert.ok(check?.kind === 'HEALTHCHECK');
    assert.deepEqual(
      [check.interval, check.retries, check.test],
      [5e9, 2, ['CMD-SHELL', 'curl -f http://localhost']],
    );
    const none = first('HEALTHCHECK NONE');
    assert.ok(none?.kind === 'HEALTHCHECK');
    assert.deepEqual(none.test, ['NONE']);
  });

  it('keeps the trigger of ONBUILD as it is', () => {
    const onbuild = first('ONBUILD COPY --from=x a b');
    assert.equal(onbuild?.kind === 'ONBUILD' && onbuild.trigger, 'COPY --from=x a b');
    assert.equal(parseTrigger('COPY --from=x a b').kind, 'COPY');
  });

  it('names the line of what is wrong', () => {
    refused('RUNN x', /unknown instruction: RUNN \(did you mean RUN\?\)/);
    refused('USER a\nBOGUSWORD', /unknown instruction: BOGUSWORD$/, 3);
    refused('RUN', /RUN requires at least one argument/);
    refused('COPY a', /COPY requires at least two arguments/);
    refused('COPY --frm=x a b', /unknown flag: --frm/);
    refused('COPY --chown= a b', /missing a value on flag: chown/);
    refused('COPY --from=a --from=b c d', /duplicate flag/);
    refused('COPY a <<EOF\nEOF', /cannot accept a heredoc as a destination/);
    refused('ENV a', /ENV must have two arguments/);
    refused('ENV a=1 b', /can't find = in "b"/);
    refused('SHELL sh', /must|JSON/);
    refused('ONBUILD FROM x', /FROM isn't allowed/);
    refused('ONBUILD ONBUILD RUN x', /Chaining ONBUILD/);
    refused('HEALTHCHECK curl', /Unknown type "curl"/);
    refused('HEALTHCHECK --interval=1us CMD x', /less than 1ms/);
    refused('RUN --network=x y', /invalid value "x" for flag network/);
    refused('FROM', /either one or three arguments/);
    refused('FROM a AS 1b', /invalid name for build stage/);
    refused('CMD --x y', /unknown flag: --x/);
    assert.throws(() => parseDockerfile(''), /cannot be empty/);
    assert.throws(() => parseDockerfile('RUN x\nFROM a'), /line 1: no build stage in current context/);
    assert.throws(() => parseDockerfile('ARG x'), /needs a FROM/);
    assert.throws(() => parseDockerfile('#'.repeat(17 * 2 ** 20)), /too large/);
  });

  it('shows the place', () => {
    const source = 'FROM a\nRUN b\nBAD c\nRUN d\nRUN e\nRUN f';
    assert.equal(
      excerpt(source, { first: 3, last: 3 }),
      [
        'Dockerfile:3',
        '-'.repeat(20),
        '   1 |     FROM a',
        '   2 |     RUN b',
        '   3 | >>> BAD c',
        '   4 |     RUN d',
        '   5 |     RUN e',
        '-'.repeat(20),
      ].join('\n'),
    );
  });

  it('never fails but with an error that says so', () => {
    const word = fc.constantFrom(
      'FROM a',
      'RUN',
      'COPY',
      'ENV',
      '<<E',
      'E',
      '\\',
      '`',
      '"',
      "'",
      '[',
      '--x=',
      '#',
      '=',
      '\n',
      ' ',
      'ONBUILD',
      'ARG',
      '$',
      '${',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(word, fc.string({ maxLength: 5 })), { maxLength: 30 }), (words) => {
        try {
          parseDockerfile(words.join(''));
        } catch (error) {
          assert.ok(error instanceof DockerfileError, String(error));
        }
      }),
    );
  });

  it('reads a large one in one go', () => {
    const lines = Array.from({ length: 100_000 }, (_, index) => `RUN echo ${index} \\\n  more`);
    assert.equal(parseDockerfile(`FROM a\n${lines.join('\n')}`).stages[0]?.instructions.length, 100_000);
  });
});
