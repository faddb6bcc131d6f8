import assert from 'node:assert/strict';
import { spawn as nodeSpawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readdirSync, readFileSync, writeSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { codeOf } from '#lib/errors';
import { readStat } from '../proc/index.ts';
import {
  bootId,
  DirectSpawner,
  ProcessHandle,
  pipe,
  readAll,
  readLine,
  run,
  signalName,
  signalNumber,
  tryWait,
  wait,
} from './index.ts';
import { exitStatus } from './status.ts';

const spawner = new DirectSpawner();
const env = ['PATH=/usr/bin:/bin'];
const sh = (script: string, ...args: string[]) => ({
  path: '/bin/sh',
  argv: ['sh', '-c', script, 'sh', ...args],
  env,
});
const openDescriptors = () => readdirSync('/proc/self/fd').length;

test('run: output, exit code, input, environment, working directory', async () => {
  const before = openDescriptors();
  const result = await run(spawner, {
    ...sh('cat; echo "$X:$PWD:$1" >&2; exit 7', 'a b'),
    env: [...env, 'X=y'],
    cwd: '/',
    input: Buffer.from('hello'),
  });
  assert.deepEqual([result.code, String(result.stdout), String(result.stderr)], [7, 'hello', 'y:/:a b\n']);
  assert.equal((await run(spawner, sh('kill -9 $$'))).code, 137);
  assert.equal(openDescriptors(), before);
});

test('run: output beyond the limit is dropped, and the program still ends', async () => {
  const { code, stdout } = await run(spawner, { ...sh('head -c 1000000 /dev/zero; exit 3'), limit: 1000 });
  assert.deepEqual([code, stdout.length], [3, 1000]);
});

test('run: a grandchild that keeps the pipes open does not keep us', async () => {
  const { code, stdout, stderr } = await run(spawner, sh('echo out; sleep 60 & echo $! >&2'));
  assert.deepEqual([code, String(stdout)], [0, 'out\n']);
  process.kill(Number(stderr), 'SIGKILL');
});

test('run: aborting kills', async () => {
  const abort = new AbortController();
  const running = run(spawner, sh('echo $$; exec sleep 60'), abort.signal);
  setTimeout(() => abort.abort(), 50);
  await assert.rejects(running, { kind: 'cancelled' });
});

test('what cannot be executed is named, without the environment, and leaves no descriptor', async () => {
  const before = openDescriptors();
  const failing = run(spawner, { path: '/no/such', argv: ['x'], env: ['SECRET=1'] });
  await assert.rejects(
    failing,
    (error: Error) => codeOf(error) === 'ENOENT' && error.message === 'posix_spawn(/no/such, [x]): ENOENT',
  );
  await assert.rejects(run(spawner, { path: '/bin/true\0', argv: ['x'], env }), /NUL/);
  assert.equal(openDescriptors(), before);
});

test('a child has the listed descriptors only, even when sources and targets overlap', async () => {
  const inheritable = openSync('/dev/zero', 'r');
  const [a, b] = [pipe(), pipe()];
  // Targets that are sources of others: 3 <- what is 4 or higher here, swapped around.
  const fds = { [a.write]: b.write, [b.write]: a.write, 1: a.write };
  const script =
    "ls /proc/self/fd | tr '\\n' ' '; echo; echo to-a > /proc/self/fd/$1; echo to-b > /proc/self/fd/$2";
  const pid = await spawner.spawn({ ...sh(script, String(b.write), String(a.write)), fds });
  closeSync(a.write);
  closeSync(b.write);
  const [toA, toB] = await Promise.all([readAll(a.read), readAll(b.read)]);
  assert.equal(String(toB), 'to-b\n');
  const seen = String(toA).split('\n')[0]?.trim().split(' ').map(Number);
  // ls itself opens the directory, on the first free number.
  const expected = [...new Set([0, 1, 2, a.write, b.write])];
  assert.deepEqual(seen?.filter((fd) => !expected.includes(fd)).length, 1);
  assert.ok(String(toA).endsWith('to-a\n'));
  assert.equal((await wait(pid))?.code, 0);
  closeSync(inheritable);
});

test('a child has a session of its own and no signal ignored or blocked', async () => {
  const { stdout } = await run(spawner, {
    path: '/bin/cat',
    argv: ['cat', '/proc/self/status', '/proc/self/stat'],
    env,
  });
  const text = String(stdout);
  for (const field of ['SigBlk', 'SigIgn', 'SigCgt']) assert.match(text, new RegExp(`^${field}:\t0+$`, 'm'));
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const pid = /^Pid:\t(\d+)$/m.exec(text)?.[1];
  assert.equal(fields[3], pid);
});

test('readLine takes the first line and leaves the rest; readAll is bounded; both can be cancelled', async () => {
  const [first, second, third] = [pipe(), pipe(), pipe()];
  writeSync(first.write, '{"data": 1}\nmore');
  assert.equal(await readLine(first.read), '{"data": 1}');
  closeSync(first.write);
  writeSync(second.write, 'no newline');
  closeSync(second.write);
  assert.equal(await readLine(second.read), 'no newline');
  await assert.rejects(readLine(third.read, AbortSignal.timeout(20)), { kind: 'cancelled' });
  closeSync(third.write);
});

test('tryWait takes a status once, and never by group', async () => {
  const pid = await spawner.spawn(sh('exit 5'));
  assert.deepEqual(await wait(pid), { code: 5 });
  assert.equal(tryWait(pid), undefined);
  for (const bad of [0, -1, 1.5, Number.NaN]) assert.throws(() => tryWait(bad), { kind: 'invalid' });
});

test("our waiting and libuv do not take each other's children", async () => {
  const theirs = nodeSpawn('/bin/sh', ['-c', 'sleep 0.05; exit 9']);
  const exit = once(theirs, 'exit');
  const ours = await Promise.all(
    Array.from({ length: 10 }, (_, code) => spawner.spawn(sh(`sleep 0.03; exit ${code}`))),
  );
  const codes = await Promise.all(ours.map(async (pid) => (await wait(pid))?.code));
  assert.deepEqual(codes, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assert.deepEqual(await exit, [9, null]);
});

test('wait status: code, signal, core bit', () => {
  assert.deepEqual(exitStatus(5 << 8), { code: 5 });
  assert.deepEqual(exitStatus(9), { code: 137, signal: 9 });
  assert.deepEqual(exitStatus(11 | 0x80), { code: 139, signal: 11 });
});

test('ProcessHandle: identity, signals, the end', async () => {
  const before = openDescriptors();
  const pid = await spawner.spawn(sh('exec sleep 60'));
  {
    using handle = ProcessHandle.open(pid);
    assert.ok(handle);
    assert.deepEqual(handle.identity, { pid, startTime: readStat(pid)?.startTime, bootId: bootId() });
    using again = ProcessHandle.open(pid, handle.identity);
    assert.ok(again);
    assert.ok(again.isAlive());
    assert.equal(ProcessHandle.open(pid, { ...handle.identity, startTime: '1' }), undefined);
    assert.equal(ProcessHandle.open(pid, { ...handle.identity, bootId: 'other' }), undefined);
    await assert.rejects(handle.exited(AbortSignal.timeout(20)), { kind: 'cancelled' });
    assert.equal(handle.signal(15), true);
    assert.deepEqual(await handle.exited(), { code: 143 });
    assert.deepEqual(await again.exited(), { code: 143 });
    assert.equal(handle.isAlive(), false);
    assert.deepEqual(tryWait(pid), { code: 143, signal: 15 });
    assert.equal(handle.signal(15), false);
    assert.equal(ProcessHandle.open(pid), undefined);
  }
  assert.equal(openDescriptors(), before);
});

test('ProcessHandle: disposing ends a pending wait', async () => {
  const pid = await spawner.spawn(sh('exec sleep 60'));
  const handle = ProcessHandle.open(pid);
  assert.ok(handle);
  const ended = handle.exited();
  handle[Symbol.dispose]();
  assert.equal(await ended, undefined);
  process.kill(pid, 'SIGKILL');
  await wait(pid);
});

test('ProcessHandle: the exit code of a process that is not our child', async (t) => {
  const [major = 0, minor = 0] = readFileSync('/proc/sys/kernel/osrelease', 'utf8').split('.').map(Number);
  if (major < 6 || (major === 6 && minor < 15)) return t.skip('needs Linux 6.15');
  // While it reads, the shell in the middle does not reap: the pidfd is readable, the status unknown.
  const [input, output] = [pipe(), pipe()];
  const parent = await spawner.spawn({
    ...sh('sh -c "exit 42" & echo $!; read line; wait'),
    fds: { 0: input.read, 1: output.write },
  });
  closeSync(input.read);
  closeSync(output.write);
  using handle = ProcessHandle.open(Number(await readLine(output.read)));
  assert.ok(handle);
  await handle.ended();
  const exited = handle.exited();
  setTimeout(() => closeSync(input.write), 100);
  assert.deepEqual(await exited, { code: 42 });
  assert.equal((await wait(parent))?.code, 0);
});

test('hundreds of handles wait without threads', async () => {
  const threads = () => readdirSync('/proc/self/task').length;
  const before = threads();
  const pids = await Promise.all(Array.from({ length: 100 }, () => spawner.spawn(sh('exec sleep 60'))));
  const handles = pids.map((pid) => ProcessHandle.open(pid));
  const exits = handles.map((handle) => handle?.exited());
  assert.equal(threads(), before);
  for (const handle of handles) handle?.signal(9);
  for (const exit of exits) assert.deepEqual(await exit, { code: 137 });
  for (const pid of pids) assert.equal(tryWait(pid)?.code, 137);
  for (const handle of handles) handle?.[Symbol.dispose]();
});

test('signals by every spelling', () => {
  for (const [name, number] of [
    ['SIGTERM', 15],
    ['TERM', 15],
    ['term', 15],
    ['15', 15],
    ['SigUsr1', 10],
    ['IOT', 6],
    ['CLD', 17],
    ['RTMIN', 34],
    ['SIGRTMIN+3', 37],
    ['RTMAX-1', 63],
    ['RTMAX', 64],
    ['64', 64],
  ] as const) {
    assert.equal(signalNumber(name), number, name);
  }
  for (const bad of [
    '',
    '0',
    '65',
    '-9',
    '9.0',
    '1e1',
    'SIG',
    'FOO',
    'toString',
    'SIG15',
    'RTMIN+31',
    'RTMAX-40',
    'RTMIN-1',
    ' TERM',
  ]) {
    assert.throws(() => signalNumber(bad), { kind: 'invalid', message: `invalid signal: ${bad}` });
  }
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 64 }), (number) => signalNumber(signalName(number)) === number),
  );
  fc.assert(
    fc.property(fc.string(), (text) => {
      try {
        const number = signalNumber(text);
        return number >= 1 && number <= 64;
      } catch (error) {
        return error instanceof Error && error.message.startsWith('invalid signal');
      }
    }),
  );
});
