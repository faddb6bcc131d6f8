import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { ExecOptions } from './exec.ts';
import { RuntimeError } from './failure.ts';
import { Bench, eventually, textOf, zombies } from './runtimes.fixture.ts';

const bench = new Bench();
let id = '';
before(async () => {
  await bench.open();
  id = await bench.run(['sleep', '1000']);
});
after(async () => assert.deepEqual(await bench.close(), []));

test('output, errors and exit code', async () => {
  const session = await bench.exec(id, ['sh', '-c', 'echo out; echo err >&2; exit 7']);
  assert.ok(session.pid > 0);
  assert.equal(session.stdin, undefined);
  const texts = await Promise.all([textOf(session.stdout), textOf(session.stderr)]);
  assert.deepEqual([...texts, await session.exited], ['out\n', 'err\n', 7]);
  await assert.rejects(session.resize(1, 1), /has no terminal/);
});

test('exit codes of signals', async () => {
  const session = await bench.exec(id, ['sh', '-c', 'kill -9 $$']);
  assert.equal(await session.exited, 137);
});

test('50 MB in and out, and the end of input', async () => {
  const session = await bench.exec(id, ['cat'], { stdin: true });
  const { stdin, stdout } = session;
  assert.ok(stdin && stdout);
  const block = randomBytes(1 << 20);
  const [sent, received] = [createHash('sha256'), createHash('sha256')];
  const writing = (async () => {
    for (let i = 0; i < 50; i++) {
      sent.update(block);
      if (!stdin.write(block)) await once(stdin, 'drain');
    }
    stdin.end();
  })();
  for await (const chunk of stdout) received.update(chunk as Buffer);
  await writing;
  assert.equal(received.digest('hex'), sent.digest('hex'));
  assert.equal(await session.exited, 0);
});

test('a process that does not read its input is no error', async () => {
  const session = await bench.exec(id, ['true'], { stdin: true });
  assert.equal(await session.exited, 0);
  session.stdin?.write(randomBytes(1 << 20));
  session.stdin?.end();
});

const failures: [string[], string, number][] = [
  [['nosuch'], 'exec: "nosuch": executable file not found in $PATH', 127],
  [['/nosuch/x'], 'exec: "/nosuch/x": stat /nosuch/x: no such file or directory', 127],
  [['/etc/passwd'], 'exec: "/etc/passwd": permission denied', 126],
  [['/etc'], 'exec: "/etc": is a directory', 126],
];
const kinds: [string, Partial<ExecOptions>][] = [
  ['attached', {}],
  ['terminal', { terminal: true }],
  ['detached', { detached: true }],
];
for (const [kind, more] of kinds)
  for (const [args, text, code] of failures)
    test(`${kind} ${args.join()}: ${code}`, async () => {
      await assert.rejects(bench.exec(id, args, more), (error) => {
        assert.ok(error instanceof RuntimeError);
        assert.equal(error.exitCode, code);
        assert.equal(
          error.message,
          `OCI runtime exec failed: exec failed: unable to start container process: ${text}: unknown`,
        );
        return true;
      });
    });

for (const [kind, more] of kinds)
  test(`${kind}: what turns out not to be executable`, async () => {
    const session = await bench.exec(id, ['/etc/garbage'], more);
    session.stdout?.resume();
    assert.equal(await session.exited, 126);
  });

test('a terminal: size, resize, input, hang-up', async () => {
  // crun sets the size beside the start of the command, not before it.
  const script = 'sleep 0.1; stty size; read x; stty size; echo "<$x>"; tty; exit 5';
  const session = await bench.exec(id, ['sh', '-c', script], { terminal: true, stdin: true, size: [33, 77] });
  let text = '';
  session.stdout?.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const ended = once(session.stdout ?? assert.fail(), 'end');
  await eventually(() => text.includes('33 77'), 'first size');
  await session.resize(40, 132);
  session.stdin?.write('typed\n');
  assert.equal(await session.exited, 5);
  await ended;
  assert.match(text, /40 132\r\n<typed>\r\n\/dev\/pts\/\d+\r\n$/);
  await assert.rejects(session.resize(1, 1), /the terminal is closed/);
});

test('a terminal: much output to a slow reader, all of it', async () => {
  const session = await bench.exec(id, ['seq', '1', '200000'], { terminal: true });
  let lines = 0;
  for await (const chunk of session.stdout ?? []) {
    lines += String(chunk).split('\n').length - 1;
    if (lines % 7 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal(lines, 200_000);
  assert.equal(await session.exited, 0);
});

test('a client that goes away hangs up the terminal', async () => {
  const session = await bench.exec(id, ['sleep', '500'], { terminal: true });
  session.stdout?.destroy();
  assert.equal(await session.exited, 128 + 1);
});

test('detached: runs on, and its exit code is known', async () => {
  const session = await bench.exec(id, ['sh', '-c', 'echo x >/tmp/mark; sleep 0.1; exit 9'], {
    detached: true,
  });
  assert.ok(session.pid > 0);
  assert.equal(session.stdout, undefined);
  assert.equal(await session.exited, 9);
  const check = await bench.exec(id, ['cat', '/tmp/mark']);
  assert.equal(await textOf(check.stdout), 'x\n');
});

test('an exec that is given up is ended', async () => {
  const abort = AbortSignal.abort();
  await assert.rejects(
    bench.runtimes.exec(
      {
        containerId: id,
        execId: 'given-up',
        process: bench.process(['sleep', '600']),
        terminal: false,
        stdin: false,
        detached: false,
      },
      abort,
    ),
  );
});

test('nothing is left of all these', async () => {
  await eventually(() => zombies().length === 0, 'all children are reaped');
  const directory = join(bench.root, 'bundles', id, 'exec');
  await eventually(() => readdirSync(directory).length === 0, 'no files');
  assert.deepEqual(existsSync(join(bench.root, 'tty')) ? readdirSync(join(bench.root, 'tty')) : [], []);
});

test('all of them end with the container', async () => {
  const sessions = await Promise.all([
    bench.exec(id, ['sleep', '500']),
    bench.exec(id, ['sleep', '500'], { terminal: true }),
    bench.exec(id, ['sleep', '500'], { detached: true }),
  ]);
  await bench.runtimes.signal(id, 9);
  assert.deepEqual(await Promise.all(sessions.map((session) => session.exited)), [137, 137, 137]);
  await assert.rejects(bench.exec(id, ['true']), RuntimeError);
  await eventually(() => zombies().length === 0, 'all children are reaped');
});

test('nothing was warned about', () => assert.deepEqual(bench.warnings, []));
