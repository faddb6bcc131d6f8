import assert from 'node:assert/strict';
import { type FileHandle, mkdtemp, open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { silentLogger } from '#lib/log';
import { makeFifo } from '#linux/files';
import { collect, type Line, plain, render, shown } from './log-file.fixture.ts';
import { readLogs } from './read.ts';
import { rotateLog } from './rotate.ts';
import { LogRotation } from './rotation.ts';

const TIME = 1_795_305_240_000_000_000n;
let root = '';
let path = '';
let control = '';
let conmon: Conmon;

/** What conmon does with its log and its control FIFO. */
class Conmon {
  #commands: FileHandle;
  #log: FileHandle;
  #written = 0;
  reopened = 0;
  readonly #stopped: Promise<void>;
  #stop = false;

  private constructor(commands: FileHandle, log: FileHandle) {
    this.#commands = commands;
    this.#log = log;
    this.#stopped = this.#serve();
  }
  static async open(): Promise<Conmon> {
    makeFifo(control, 0o600);
    return new Conmon(await open(control, 'r+'), await open(path, 'a'));
  }
  async #serve(): Promise<void> {
    while (!this.#stop) {
      const { buffer, bytesRead } = await this.#commands.read(Buffer.alloc(64));
      if (!buffer.toString('latin1', 0, bytesRead).includes('2 0 0')) continue;
      await this.#log.close();
      this.#log = await open(path, 'a');
      this.reopened++;
    }
  }
  async write(count: number): Promise<void> {
    for (let i = 0; i < count; i++) await this.#log.write(render(this.line(this.#written++)).join(''));
  }
  line(i: number): Line {
    return { stream: 'stdout', time: TIME + BigInt(i), text: `line ${i}` };
  }
  lines(from: number): object[] {
    return Array.from({ length: this.#written - from }, (_, i) => shown(this.line(from + i)));
  }
  async close(): Promise<void> {
    this.#stop = true;
    await this.#commands.write('bye\n');
    await this.#stopped;
    await this.#commands.close();
    await this.#log.close();
  }
}

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'berth-rotation-'));
  path = join(root, 'container.log');
  control = join(root, 'ctl');
  conmon = await Conmon.open();
});
afterEach(async () => {
  await conmon.close();
  await rm(root, { recursive: true });
});
const read = async () =>
  (
    await collect(
      readLogs(
        path,
        { stdout: true, stderr: true, follow: false },
        AbortSignal.abort(),
        new AbortController().signal,
      ),
    )
  ).map(plain);
const files = async () => (await readdir(root)).filter((name) => name !== 'ctl').sort();

test('files move up, the oldest goes, nothing in between is lost', async () => {
  const limits = { maxSize: 1, maxFiles: 3, compress: true, undelivered: 0 };
  for (let round = 0; round < 4; round++) {
    await conmon.write(10);
    await rotateLog(path, control, limits);
  }
  await conmon.write(5);
  assert.deepEqual(await files(), ['container.log', 'container.log.1.gz', 'container.log.2.gz']);
  assert.deepEqual(await read(), conmon.lines(20));
});

test('one file only: what was written before goes', async () => {
  await conmon.write(10);
  await rotateLog(path, control, { maxSize: 1, maxFiles: 1, compress: false, undelivered: 0 });
  await conmon.write(2);
  assert.deepEqual(await files(), ['container.log']);
  assert.deepEqual(await read(), conmon.lines(10));
});

test('without conmon the renamed file is kept as it is', async () => {
  await conmon.write(3);
  await rm(control);
  await rotateLog(path, control, { maxSize: 1, maxFiles: 1, compress: false, undelivered: 0 });
  assert.deepEqual(await files(), ['container.log.1']);
  assert.deepEqual(await read(), conmon.lines(0));
});

test('leftovers of a crash are cleaned up by the next rotation', async () => {
  await writeFile(`${path}.1.gz.tmp`, 'half');
  await conmon.write(3);
  await rotateLog(path, control, { maxSize: 1, maxFiles: 3, compress: true, undelivered: 0 });
  assert.deepEqual(await files(), ['container.log', 'container.log.1.gz']);
});

test('a follower sees every line once while logs are rotated under it', async () => {
  const ended = new AbortController();
  const following = collect(
    readLogs(path, { stdout: true, stderr: true, follow: true }, ended.signal, new AbortController().signal),
  );
  const limits = { maxSize: 1, maxFiles: 50, compress: true, undelivered: 0 };
  for (let round = 0; round < 12; round++) {
    await conmon.write(20);
    await rotateLog(path, control, limits);
  }
  await conmon.write(3);
  ended.abort();
  assert.deepEqual((await following).map(plain), conmon.lines(0));
});

test('the timer rotates what grows beyond its limit, and leaves the rest alone', async () => {
  using rotation = new LogRotation(silentLogger);
  const config = { driver: 'json-file', options: { 'max-size': '1k', 'max-file': '3' } };
  rotation.add('c', { path, control, config });
  await conmon.write(5);
  await sleep(700);
  assert.deepEqual(await files(), ['container.log']);
  await conmon.write(100);
  while (!(await files()).includes('container.log.1.gz')) await sleep(20);
  assert.equal((await stat(path)).size, 0);
  rotation.remove('c');
  assert.deepEqual(await read(), conmon.lines(0));
});

test('a rotation that died between rename and reopen is completed', async () => {
  await conmon.write(2);
  await rm(path);
  using rotation = new LogRotation(silentLogger);
  rotation.add('c', { path, control, config: { driver: 'local', options: {} } });
  while (conmon.reopened === 0) await sleep(5);
  await conmon.write(1);
  assert.match(await readFile(path, 'utf8'), /line 2/);
});
