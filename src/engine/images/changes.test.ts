import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isKind } from '#lib/errors';
import { applyChanges } from './changes.ts';
import { EMPTY_CONFIG, fromRunConfig, toRunConfig } from './config.ts';

const change = (...changes: string[]) => applyChanges(EMPTY_CONFIG, changes);

test('each instruction changes what it names', () => {
  assert.deepEqual(change('CMD ["a", "b c"]').cmd, ['a', 'b c']);
  assert.deepEqual(change('cmd echo $HOME').cmd, ['/bin/sh', '-c', 'echo $HOME']);
  assert.deepEqual(change('SHELL ["/bin/bash", "-ec"]', 'ENTRYPOINT run it').entrypoint, [
    '/bin/bash',
    '-ec',
    'run it',
  ]);
  assert.deepEqual(change('ENV A=1 B="two words" C=\'$A\'', 'ENV A=2', 'ENV D the rest').env, [
    'A=2',
    'B=two words',
    'C=$A',
    'D=the rest',
  ]);
  assert.deepEqual(change('LABEL a=1 "b c"="d\\"e"').labels, { a: '1', 'b c': 'd"e' });
  assert.deepEqual(change('EXPOSE 80 53/udp 8000-8002').exposedPorts, [
    '80/tcp',
    '53/udp',
    '8000/tcp',
    '8001/tcp',
    '8002/tcp',
  ]);
  assert.deepEqual(change('VOLUME /a /b', 'VOLUME ["/c d"]').volumes, ['/a', '/b', '/c d']);
  assert.equal(change('WORKDIR /a', 'WORKDIR b', 'WORKDIR ../c').workingDir, '/a/c');
  assert.equal(change('ENV U=me', 'USER ${U}:${G:-staff}').user, 'me:staff');
  assert.equal(change('STOPSIGNAL SIGQUIT').stopSignal, 'SIGQUIT');
  assert.deepEqual(change('ONBUILD RUN x').onBuild, ['RUN x']);
  assert.deepEqual(change('HEALTHCHECK --interval=5s --retries=2 CMD curl -f x').healthcheck, {
    test: ['CMD-SHELL', 'curl -f x'],
    interval: 5e9,
    timeout: 0,
    retries: 2,
    startPeriod: 0,
    startInterval: 0,
  });
  assert.deepEqual(change('HEALTHCHECK NONE').healthcheck?.test, ['NONE']);
});

test('a new entry point drops the command that was meant for the old one', () => {
  const old = change('CMD ["old"]');
  assert.equal(applyChanges(old, ['ENTRYPOINT ["x"]']).cmd, undefined);
  assert.deepEqual(applyChanges(old, ['CMD ["new"]', 'ENTRYPOINT ["x"]']).cmd, ['new']);
});

test('what cannot be meant is refused', () => {
  for (const bad of [
    'RUN x',
    'FROM y',
    'nonsense',
    'CMD',
    'ENV A',
    'ENV =x',
    'ENV A=1 B',
    'LABEL a="b',
    'EXPOSE 0',
    'EXPOSE 70000',
    'EXPOSE 9-8',
    'EXPOSE 80/icmp',
    'STOPSIGNAL SIGNOPE',
    'SHELL bash',
    'ONBUILD ONBUILD RUN x',
    'ONBUILD FROM x',
    'HEALTHCHECK',
    'HEALTHCHECK CMD',
    'HEALTHCHECK --nope=1 CMD x',
    'HEALTHCHECK --interval=1us CMD x',
    'USER ${X:?}',
  ]) {
    assert.throws(
      () => change(bad),
      (error) => isKind(error, 'invalid'),
      bad,
    );
  }
});

test('a config survives its stored form', () => {
  const config = change(
    'CMD ["a"]',
    'ENV A=1',
    'LABEL x=y',
    'EXPOSE 1',
    'VOLUME /v',
    'HEALTHCHECK CMD t',
    'ONBUILD RUN x',
    'USER u',
    'WORKDIR /w',
    'STOPSIGNAL 9',
    'SHELL ["s"]',
    'ENTRYPOINT ["e"]',
  );
  assert.deepEqual(fromRunConfig(JSON.parse(JSON.stringify(toRunConfig(config)))), config);
  assert.deepEqual(fromRunConfig(toRunConfig(EMPTY_CONFIG)), EMPTY_CONFIG);
});
