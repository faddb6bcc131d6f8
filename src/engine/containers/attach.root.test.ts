import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { engineWithBusybox, eventually, request, run, textOf } from '../engine.fixture.ts';

const engine = await engineWithBusybox();

const all = { stdin: false, stdout: true, stderr: true, logs: false, stream: true };
const interactive = { openStdin: true, stdinOnce: true, attachStdin: true };

test('input reaches the container, its end is the end of file', async () => {
  const { stdout, exitCode } = await run(engine, request(['cat'], interactive), 'one\ntwo\n');
  assert.deepEqual([stdout, exitCode], ['one\ntwo\n', 0]);
});

test('a lot of input and output arrives whole', async () => {
  const input = 'x'.repeat(3_000_000);
  const { stdout } = await run(engine, request(['cat'], interactive), input);
  assert.equal(stdout.length, input.length);
});

test('a client that reads slowly loses nothing, and does not hold up the others', async () => {
  const { id } = await engine.containers.create(request(['sh', '-c', 'seq 1 60000']));
  const slow = await engine.containers.attach(id, all);
  await engine.containers.start(id);
  await sleep(50);
  const quick = engine.containers
    .wait((await engine.containers.create(request(['true']))).id, 'next-exit')
    .catch(() => {});
  const text = textOf(await slow.output.toArray(), 'stdout');
  assert.equal(text.trim().split('\n').length, 60_000);
  assert.ok(text.endsWith('\n60000\n'));
  void quick;
});

test('a terminal: one stream, and its size', async () => {
  const { id } = await engine.containers.create(
    request(
      ['sh', '-c', 'stty size; read x; stty size; echo err >&2'],
      { ...interactive, tty: true },
      { consoleSize: [31, 91] },
    ),
  );
  const client = await engine.containers.attach(id, { ...all, stdin: true });
  let seen = '';
  client.output.on('data', ({ data }: { data: Buffer }) => (seen += data.toString()));
  await engine.containers.start(id);
  await eventually('the size', () => seen.includes('31 91'));
  await engine.containers.resize(id, 41, 133);
  client.stdin?.write('\n');
  await engine.containers.wait(id, 'not-running');
  await eventually('the new size', () => seen.includes('41 133') && seen.includes('err'));
});

test('attached again, with what was logged before', async () => {
  const { id } = await engine.containers.create(
    request(['sh', '-c', 'echo early; while ! [ -e /go ]; do sleep 0.02; done; echo late']),
  );
  await engine.containers.start(id);
  await eventually('the log', async () => {
    const { entries } = engine.containers.logs(
      id,
      { stdout: true, stderr: true, follow: false },
      AbortSignal.timeout(5000),
    );
    return (await Array.fromAsync(entries)).length === 1;
  });
  const client = await engine.containers.attach(id, { ...all, logs: true });
  const output = client.output.toArray();
  const execId = await engine.containers.createExec(id, { cmd: ['touch', '/go'] });
  await engine.containers.startExec(execId, { detach: true });
  assert.equal(textOf(await output, 'stdout'), 'early\nlate\n');
});

test('only the logs: ends without the container', async () => {
  const { id } = await run(engine, request(['echo', 'hello']));
  const client = await engine.containers.attach(id, { ...all, logs: true, stream: false });
  assert.equal(textOf(await client.output.toArray(), 'stdout'), 'hello\n');
});

test('a client that comes before the start and leaves is forgotten; a removed container ends the rest', async () => {
  const { id } = await engine.containers.create(request(['true']));
  const leaves = await engine.containers.attach(id, all);
  await leaves[Symbol.asyncDispose]();
  const stays = await engine.containers.attach(id, all);
  await engine.containers.remove(id);
  assert.deepEqual(await stays.output.toArray(), []);
});

test('a start that fails ends who waits for output', async () => {
  const { id } = await engine.containers.create(request(['nosuchcommand']));
  const client = await engine.containers.attach(id, all);
  await assert.rejects(engine.containers.start(id));
  assert.deepEqual(await client.output.toArray(), []);
});

test('follow ends with the container', async () => {
  const { id } = await engine.containers.create(
    request(['sh', '-c', 'for i in 1 2 3; do echo $i; sleep 0.05; done']),
  );
  await engine.containers.start(id);
  const { entries, tty } = engine.containers.logs(
    id,
    { stdout: true, stderr: true, follow: true },
    AbortSignal.timeout(20_000),
  );
  const lines = (await Array.fromAsync(entries)).map(({ line }) => line.toString());
  assert.deepEqual([lines, tty], [['1\n', '2\n', '3\n'], false]);
});
