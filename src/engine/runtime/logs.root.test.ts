import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { conmonLogArguments, type LogEntry, LogRotation, readLogs } from '#engine/logs';
import { newId } from '#lib/ids';
import { Bench } from './runtimes.fixture.ts';

const bench = new Bench();
before(() => bench.open());
after(async () => assert.deepEqual(await bench.close(), []));

const never = new AbortController().signal;
async function collect(source: AsyncIterable<LogEntry>): Promise<string[]> {
  const lines: string[] = [];
  for await (const entry of source)
    lines.push(`${entry.stream}: ${entry.line.toString().slice(0, 40).trimEnd()}`);
  return lines;
}
const stored = (path: string, tail?: number) =>
  collect(
    readLogs(
      path,
      { stdout: true, stderr: true, follow: false, ...(tail !== undefined && { tail }) },
      AbortSignal.abort(),
      never,
    ),
  );

test('lines of both outputs, long and unfinished ones, as conmon writes them', async () => {
  const id = await bench.run([
    'sh',
    '-c',
    'echo out; echo err >&2; seq 1 9000 | tr "\\n" " "; echo; echo -n prompt',
  ]);
  await bench.runtimes.exited(id);
  const path = bench.logPath(id);
  const entries: LogEntry[] = [];
  for await (const entry of readLogs(
    path,
    { stdout: true, stderr: true, follow: false },
    AbortSignal.abort(),
    never,
  ))
    entries.push(entry);
  const text = (stream: string) =>
    Buffer.concat(entries.filter((entry) => entry.stream === stream).map((entry) => entry.line)).toString();
  const numbers = Array.from({ length: 9000 }, (_, i) => `${i + 1} `).join('');
  assert.equal(text('stderr'), 'err\n');
  assert.equal(text('stdout'), `out\n${numbers}\nprompt`);
  assert.deepEqual(await stored(path, 1), ['stdout: prompt']);
});

test('rotation of a log that is written and followed: every line once, and only so many files', async () => {
  const config = { driver: 'json-file', options: { 'max-size': '100k', 'max-file': '3' } };
  const id = newId();
  const path = bench.logPath(id);
  const script =
    'i=0; while [ $i -lt 1500 ]; do i=$((i+1)); echo "$i $1"; [ $((i % 10)) = 0 ] && sleep 0.01; done';
  await bench.runtimes.create(
    bench.options(id, ['sh', '-c', script, 'sh', 'x'.repeat(400)], {
      logArguments: conmonLogArguments(config, path).arguments,
    }),
  );
  using rotation = new LogRotation(bench.log);
  rotation.add(id, { path, control: bench.runtimes.controlFifo(id), config });
  const ended = new AbortController();
  const following = collect(
    readLogs(path, { stdout: true, stderr: true, follow: true }, ended.signal, never),
  );
  await bench.runtimes.start(id);
  await bench.runtimes.exited(id);
  ended.abort();
  const numbers = (lines: string[]) => lines.map((line) => Number(line.split(' ')[1]));
  assert.deepEqual(
    numbers(await following),
    Array.from({ length: 1500 }, (_, i) => i + 1),
  );
  const kept = numbers(await stored(path));
  assert.ok(kept.length < 1500, 'the oldest are gone');
  assert.deepEqual(
    kept,
    Array.from({ length: kept.length }, (_, i) => 1500 - kept.length + i + 1),
  );
  assert.ok(readdirSync(bench.top).filter((name) => name.startsWith(`${id}.log`)).length <= 3);
  assert.deepEqual(bench.warnings, []);
});

test('without a log the output still reaches who is attached', async () => {
  const { arguments: logArguments, path } = conmonLogArguments({ driver: 'none', options: {} }, '/x');
  assert.equal(path, undefined);
  const id = await bench.create(['echo', 'hello'], { logArguments });
  const client = bench.runtimes.attach(id);
  await bench.runtimes.start(id);
  let text = '';
  for await (const record of client) text += (record as { data: Buffer }).data.toString();
  assert.equal(text, 'hello\n');
});
