import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DockerfileError } from '../error.ts';
import { parseDockerfile } from '../parse.ts';
import { lintFile } from './file.ts';
import { Lint, parseLintSettings } from './lint.ts';
import { ruleUrl } from './rules.ts';
import { StageLint } from './stage.ts';

/** Rules with the lines that they were found on. */
function found(...lines: readonly string[]): string[] {
  const dockerfile = parseDockerfile(`${lines.join('\n')}\n`);
  const lint = new Lint(parseLintSettings('experimental=all'));
  lint.add(...lintFile(dockerfile));
  for (const { instructions } of dockerfile.stages) {
    const stage = new StageLint({ shell: false, absoluteWorkdir: false });
    for (const instruction of instructions) lint.add(...stage.next(instruction));
  }
  return lint.findings.map((finding) => `${finding.rule} ${finding.lines?.first}`);
}

describe('lint', () => {
  const bad: readonly (readonly [string, readonly string[], readonly string[]])[] = [
    ['StageNameCasing', ['FROM a AS Build'], ['StageNameCasing 1']],
    ['FromAsCasing', ['FROM a as build'], ['FromAsCasing 1']],
    ['NoEmptyContinuation', ['FROM a', 'RUN a \\', '', ' b'], ['NoEmptyContinuation 2']],
    ['a mixed keyword', ['FROM a', 'Run b'], ['ConsistentInstructionCasing 2']],
    ['a minority', ['from a', 'run b', 'RUN c'], ['ConsistentInstructionCasing 3']],
    ['DuplicateStageName', ['FROM a AS x', 'FROM a AS x'], ['DuplicateStageName 2']],
    ['ReservedStageName', ['FROM a AS context'], ['ReservedStageName 1']],
    [
      'JSONArgsRecommended',
      ['FROM a', 'CMD x', 'ENTRYPOINT y'],
      ['JSONArgsRecommended 2', 'JSONArgsRecommended 3'],
    ],
    ['MaintainerDeprecated', ['FROM a', 'MAINTAINER me'], ['MaintainerDeprecated 2']],
    ['WorkdirRelativePath', ['FROM a', 'WORKDIR x'], ['WorkdirRelativePath 2']],
    [
      'MultipleInstructionsDisallowed',
      ['FROM a', 'CMD ["a"]', 'CMD ["b"]', 'HEALTHCHECK NONE', 'HEALTHCHECK CMD x'],
      ['MultipleInstructionsDisallowed 2', 'MultipleInstructionsDisallowed 4'],
    ],
    [
      'LegacyKeyValueFormat',
      ['FROM a', 'ENV a b', 'LABEL a b'],
      ['LegacyKeyValueFormat 2', 'LegacyKeyValueFormat 3'],
    ],
    [
      'SecretsUsedInArgOrEnv',
      ['FROM a', 'ARG DB_PASSWORD', 'ENV API_TOKEN=x MY_KEY=y'],
      ['SecretsUsedInArgOrEnv 2', 'SecretsUsedInArgOrEnv 3', 'SecretsUsedInArgOrEnv 3'],
    ],
    [
      'InvalidDefinitionDescription',
      ['# what', 'ARG X', '# b it is', 'FROM a AS b'],
      ['InvalidDefinitionDescription 2'],
    ],
    ['ExposeProtoCasing', ['FROM a', 'EXPOSE 80/TCP'], ['ExposeProtoCasing 2']],
    ['ExposeInvalidFormat', ['FROM a', 'EXPOSE 127.0.0.1:80:80'], ['ExposeInvalidFormat 2']],
  ];
  for (const [what, lines, rules] of bad) it(`finds ${what}`, () => assert.deepEqual(found(...lines), rules));

  const good: readonly (readonly string[])[] = [
    ['from a as b', 'run x'],
    ['FROM a AS b', 'SHELL ["x"]', 'CMD y'],
    ['FROM a', 'WORKDIR /x', 'WORKDIR y'],
    ['FROM a', 'ENV MONKEY=1 PUBLIC_KEY=2', 'ARG tokens'],
    ['FROM a', 'RUN a \\', '# why', ' b'],
    ['# X what', 'ARG X', '', '# anything', '', 'FROM a'],
    ['FROM a', 'EXPOSE 80 53/udp 9000-9002/tcp'],
  ];
  for (const lines of good)
    it(`says nothing of ${lines.join('; ')}`, () => assert.deepEqual(found(...lines), []));

  it('skips what it is told to, and ends a build when findings are errors', () => {
    const finding = { rule: 'FromAsCasing', message: 'm', lines: { first: 1, last: 1 } } as const;
    for (const settings of ['skip=all', 'skip=X, FromAsCasing;error=true']) {
      const lint = new Lint(parseLintSettings(settings));
      lint.add(finding);
      assert.deepEqual(lint.findings, []);
      lint.check();
    }
    const lint = new Lint(parseLintSettings('error=true'));
    lint.add(finding, finding);
    assert.equal(lint.findings.length, 1);
    assert.throws(() => lint.check(), /lint violation found for rules: FromAsCasing/);
    assert.throws(() => parseLintSettings('nope=1'), DockerfileError);
    assert.throws(() => parseLintSettings('error=maybe'), DockerfileError);
  });

  it('knows where each rule is explained', () => {
    assert.equal(
      ruleUrl('JSONArgsRecommended'),
      'https://docs.docker.com/go/dockerfile/rule/json-args-recommended/',
    );
    assert.equal(ruleUrl('FromAsCasing'), 'https://docs.docker.com/go/dockerfile/rule/from-as-casing/');
  });
});
