import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, globSync, rmSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { EXAMPLE_SOURCE } from '../source.ts';
import type { Message } from './driver.ts';
import { JournaldSink } from './journald.ts';

const JOURNALD = '/lib/systemd/systemd-journald';
const signal = new AbortController().signal;

/** systemd's journald, with a namespace of its own: its socket and its files are nobody else's. */
class Journal implements AsyncDisposable {
  readonly #name = `berth-test-${process.pid}`;
  readonly #process = spawn(JOURNALD, [this.#name], { stdio: 'ignore' });
  readonly socket = `/run/systemd/journal.${this.#name}/socket`;

  static async start(): Promise<Journal> {
    const journal = new Journal();
    while (!existsSync(journal.socket)) await sleep(20);
    return journal;
  }

  async entries(count: number): Promise<Record<string, string>[]> {
    for (;;) {
      const args = [`--namespace=${this.#name}`, '-o', 'json', '--all', '--no-pager', '_TRANSPORT=journal'];
      const lines = execFileSync('journalctl', args, { encoding: 'utf8', maxBuffer: 2 ** 26 }).split('\n');
      const entries = lines.filter(Boolean).map((line) => JSON.parse(line) as Record<string, string>);
      if (entries.length >= count) return entries;
      await sleep(50);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode !== null) return;
    const exited = once(this.#process, 'exit');
    this.#process.kill();
    await exited;
    const files = globSync([`/var/log/journal/*.${this.#name}`, `/run/log/journal/*.${this.#name}`]);
    for (const path of [...files, `/run/systemd/journal.${this.#name}`])
      rmSync(path, { recursive: true, force: true });
  }
}

test('journald: fields, priorities, pieces, and what is too long for a datagram', {
  skip: existsSync(JOURNALD) ? false : 'systemd-journald is not installed',
}, async () => {
  await using journal = await Journal.start();
  const source = {
    ...EXAMPLE_SOURCE,
    id: 'abcdef0123456789'.repeat(4),
    name: 'web',
    imageName: 'app:1',
    labels: { '_com.example.role': 'two\nlines' },
  };
  const sink = new JournaldSink({ tag: '{{.Name}}!', 'labels-regex': '.' }, source, journal.socket);
  const message = (line: string, more: Partial<Message> = {}): Message => ({
    stream: 'stdout',
    time: 1_795_305_240_123_456_789n,
    line: Buffer.from(line),
    ...more,
  });
  const long = 'x'.repeat(700_000);
  let delivered = 0;
  await sink.send(
    [
      message('hello'),
      message('oops', { stream: 'stderr' }),
      message('piece', { partial: { id: 'id', ordinal: 1, last: false } }),
      message(long),
    ],
    (count) => {
      delivered += count;
    },
    signal,
  );
  assert.equal(delivered, 4);
  const [hello, oops, piece, large] = await journal.entries(4);
  assert.ok(hello && oops && piece && large);
  const ours = Object.entries(hello).filter(([name]) => /^(?!_|SYSLOG_FACILITY)/.test(name));
  assert.deepEqual(Object.fromEntries(ours), {
    CONTAINER_ID: 'abcdef012345',
    CONTAINER_ID_FULL: source.id,
    CONTAINER_NAME: 'web',
    CONTAINER_TAG: 'web!',
    IMAGE_NAME: 'app:1',
    SYSLOG_IDENTIFIER: 'web!',
    SYSLOG_TIMESTAMP: '2026-11-21T23:54:00.123456789Z',
    COM_EXAMPLE_ROLE: 'two\nlines',
    PRIORITY: '6',
    MESSAGE: 'hello',
  });
  assert.deepEqual([oops['MESSAGE'], oops['PRIORITY']], ['oops', '3']);
  assert.deepEqual([piece['CONTAINER_PARTIAL_MESSAGE'], piece['CONTAINER_PARTIAL_LAST']], ['true', 'false']);
  assert.equal(large['MESSAGE'], long);

  // journald was restarted: its socket is another one by now.
  await journal[Symbol.asyncDispose]();
  await assert.rejects(
    sink.send([message('lost')], () => {}, signal),
    { message: /ECONNREFUSED|journald is not enabled/ },
  );
  await using again = await Journal.start();
  await sink.send([message('found')], () => {}, signal);
  assert.equal((await again.entries(1)).at(-1)?.['MESSAGE'], 'found');
  await sink.disconnect();
});
