import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { buildContexts, dockerfile } from '../fixtures/build-context.ts';
import { Daemon, type Result } from '../fixtures/daemon.ts';

const daemon = Daemon.forThisFile();
const context = buildContexts();
const berth = (...args: readonly string[]): Promise<Result> =>
  daemon.run(new URL('../../bin/berth', import.meta.url).pathname, ['build', ...args], { timeout: 120_000 });

const DOCKERFILE = dockerfile(
  '# VERSION of the thing',
  'ARG VERSION=latest',
  'FROM --platform=$TARGETPLATFORM busybox:$VERSION AS base',
  'ARG LEVEL=1',
  'RUN --mount=type=secret,id=key,required --mount=type=cache,target=/c --mount=type=ssh echo $LEVEL',
  '# app what is shipped',
  'FROM base AS app',
  'ENV A=$LEVLE B=${NONE:-b} C=$LEVEL',
  'COPY skipped /x',
  'CMD echo hi',
);

describe('a look at a Dockerfile', () => {
  it('check: what the lint finds, with the lines, and the exit status', async () => {
    const root = context({ Dockerfile: DOCKERFILE, '.dockerignore': 'skipped', skipped: '' });
    const { code, stdout } = await berth('--check', root);
    assert.equal(code, 1);
    assert.match(stdout, /^Check complete, 4 warnings have been found!/);
    assert.match(
      stdout,
      /RedundantTargetPlatform - https:\S+\nSetting platform to predefined \$TARGETPLATFORM/,
    );
    assert.match(
      stdout,
      /UndefinedVar - \S+\nUsage of undefined variable '\$LEVLE' \(did you mean \$LEVEL\?\)/,
    );
    assert.match(stdout, /Attempting to Copy file "skipped" that is excluded by .dockerignore/);
    assert.match(stdout, /Dockerfile:10\n-{20}\n.*\n {3}9 \| {5}COPY skipped \/x\n {2}10 \| >>> CMD echo hi/);
    const report = JSON.parse((await berth('--call=check,format=json', root)).stdout);
    assert.deepEqual(
      report.warnings.map((each: { ruleName: string }) => each.ruleName),
      ['RedundantTargetPlatform', 'UndefinedVar', 'CopyIgnoredFile', 'JSONArgsRecommended'],
    );
    assert.equal(report.warnings[3].location.ranges[0].start.line, 10);
    assert.equal(Buffer.from(report.sources[0].data, 'base64').toString(), DOCKERFILE);
    const clean = await berth('--check', context({ Dockerfile: 'FROM nowhere.invalid/x\nENV A=$B\n' }));
    assert.deepEqual(clean, { code: 0, stdout: 'Check complete, no warnings found.\n', stderr: '' });
    const wrong = await berth('--check', context({ Dockerfile: 'FROM busybox AS a\nCOPY --from=a / /\n' }));
    assert.equal(wrong.code, 1);
    assert.match(wrong.stdout, /ERROR: .*circular dependency[^]*>>> COPY --from=a/);
  });

  it('outline and targets: what can be said to a build', async () => {
    const root = context({ Dockerfile: DOCKERFILE });
    const { stdout } = await berth('--call=outline', root);
    assert.match(stdout, /^TARGET: +app\nDESCRIPTION: +what is shipped\n/);
    assert.match(stdout, /BUILD ARG +VALUE +DESCRIPTION\nVERSION +latest +of the thing\nLEVEL +1\n/);
    assert.match(stdout, /SECRET +REQUIRED\nkey +true\n\nSSH +REQUIRED\ndefault\n\nCACHE MOUNT\n\/c\n/);
    const outline = JSON.parse((await berth('--call=outline,format=json', '--target=base', root)).stdout);
    assert.deepEqual([outline.name, outline.secrets[0].required], ['base', true]);
    const targets = await berth('--call=targets', root);
    assert.equal(targets.stdout, 'TARGET          DESCRIPTION\nbase\napp (default)   what is shipped\n');
    assert.match((await berth('--call=nothing', root)).stderr, /invalid --call "nothing"/);
  });

  it('a build says what it found at its end, and fails when that is asked for', async () => {
    const lines = ['FROM busybox', 'MAINTAINER me', 'ARG DEFINED', 'ENV A=$DEFINED', 'CMD x'];
    const built = await berth(context({ Dockerfile: dockerfile(...lines) }));
    assert.equal(built.code, 0);
    assert.match(
      built.stdout,
      /2 warnings found:\n - MaintainerDeprecated: .* \(line 2\)\n - JSONArgsRecommended: .* \(line 5\)\nSuccessfully built/,
    );
    const skipping = dockerfile('# check=skip=MaintainerDeprecated,JSONArgsRecommended;error=true', ...lines);
    assert.doesNotMatch((await berth(context({ Dockerfile: skipping }))).stdout, /warning/);
    const failing = await berth(context({ Dockerfile: dockerfile('# check=error=true', ...lines) }));
    assert.equal(failing.code, 1);
    assert.match(failing.stderr, /lint violation found for rules: MaintainerDeprecated, JSONArgsRecommended/);
    assert.match(failing.stderr, />>> MAINTAINER me/);
  });

  it('a front end of its own is refused, Docker’s is what is built in', async () => {
    const own = dockerfile('# syntax=docker/dockerfile:1.7-labs', 'FROM busybox');
    assert.equal((await berth(context({ Dockerfile: own }))).code, 0);
    const other = await berth(
      context({ Dockerfile: dockerfile('#syntax=r.example/other:1', 'FROM busybox') }),
    );
    assert.equal(other.code, 1);
    assert.match(other.stderr, /syntax "r.example\/other:1" is not supported/);
  });
});
