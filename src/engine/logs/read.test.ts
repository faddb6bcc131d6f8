import assert from 'node:assert/strict';
import { appendFile, mkdtemp, readdir, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { collect, type Line, plain, render, shown } from './log-file.fixture.ts';
import { type ReadOptions, readLogs } from './read.ts';

const TIME = 1_795_305_240_000_000_000n;
const ENDED = AbortSignal.abort();
const ALL = { stdout: true, stderr: true, follow: false };
let root = '';
let path = '';
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'berth-logs-'));
  path = join(root, 'container.log');
});
afterEach(() => rm(root, { recursive: true }));

const at = (i: number) => TIME + BigInt(i) * 1_000_000n;
const lines = (from: number, to: number): Line[] =>
  Array.from({ length: to - from }, (_, i) => ({
    stream: 'stdout',
    time: at(from + i),
    text: `line ${from + i}`,
  }));
const text = (written: readonly Line[]) => written.flatMap((line) => render(line)).join('');
const read = async (options: Partial<ReadOptions> = {}) =>
  (await collect(readLogs(path, { ...ALL, ...options }, ENDED, new AbortController().signal))).map(plain);
const texts = async (options: Partial<ReadOptions> = {}) => (await read(options)).map((entry) => entry.text);

/** Lines in rotated files, oldest first, and the live one. */
async function write(
  parts: readonly (readonly Line[])[],
  compressed: (age: number) => boolean,
): Promise<void> {
  for (const [i, part] of parts.entries()) {
    const age = parts.length - 1 - i;
    const name = age === 0 ? path : `${path}.${age}${compressed(age) ? '.gz' : ''}`;
    await writeFile(name, age > 0 && compressed(age) ? gzipSync(text(part)) : text(part));
    const last = part.at(-1) ?? parts[i - 1]?.at(-1);
    const modified = Number((last?.time ?? TIME) / 1_000_000n) / 1000 + 0.001;
    await utimes(name, modified, modified);
  }
}

describe('what is stored', () => {
  test('a missing log is empty', async () => {
    assert.deepEqual(await read(), []);
  });

  test('rotated files come first, oldest first', async () => {
    await write([lines(0, 10), lines(10, 20), lines(20, 30)], (age) => age === 2);
    assert.deepEqual(await read(), lines(0, 30).map(shown));
    assert.deepEqual(await texts({ tail: 0 }), []);
    assert.deepEqual(await texts({ tail: 1 }), ['line 29\n']);
    assert.deepEqual(await read({ tail: 13 }), lines(17, 30).map(shown));
    assert.deepEqual(await read({ tail: 25 }), lines(5, 30).map(shown));
    assert.deepEqual(await read({ since: at(7), until: at(22) }), lines(7, 23).map(shown));
  });

  test('a file that was compressed, but not yet removed, counts once', async () => {
    await writeFile(`${path}.1`, text(lines(0, 3)));
    await writeFile(`${path}.1.gz`, gzipSync(text(lines(0, 3))));
    await writeFile(`${path}.2.gz.tmp`, 'half');
    await writeFile(path, text(lines(3, 4)));
    assert.deepEqual(await read(), lines(0, 4).map(shown));
  });

  test('a damaged compressed file gives what can be read of it', async () => {
    const whole = gzipSync(text(lines(0, 2000)));
    await writeFile(`${path}.1.gz`, whole.subarray(0, whole.length - 200));
    await writeFile(path, text(lines(2000, 2001)));
    const got = await read();
    assert.ok(got.length > 100);
    assert.equal(got.at(-1)?.text, 'line 2000\n');
  });

  test('the end of a large log is found without reading it', async () => {
    await writeFile(path, text(lines(0, 60_000)));
    assert.deepEqual(await read({ tail: 3 }), lines(59_997, 60_000).map(shown));
    assert.equal((await read({ tail: 20_000 })).length, 20_000);
    assert.deepEqual(await read({ since: at(59_990) }), lines(59_990, 60_000).map(shown));
    assert.equal((await read({ since: at(123) })).length, 60_000 - 123);
  });

  test('an unfinished last line counts as one', async () => {
    await writeFile(
      path,
      `${text(lines(0, 3))}${render({ ...shown(lines(3, 4)[0] as Line), text: 'prompt> ', pieces: 2 })[0]}`,
    );
    assert.deepEqual(await texts({ tail: 2 }), ['line 2\n', 'prom']);
  });

  test('tail, since, until and streams agree with the whole log, however it is cut into files', async () => {
    const line = fc.record({
      stream: fc.constantFrom('stdout' as const, 'stderr' as const),
      text: fc.string({ maxLength: 12 }),
      pieces: fc.integer({ min: 1, max: 3 }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(line, { maxLength: 12 }), { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 0, max: 50 }),
        fc.integer({ min: 0, max: 50 }),
        fc.integer({ min: 0, max: 7 }),
        async (parts, tail, since, zipped) => {
          for (const name of await readdir(root)) await rm(join(root, name));
          let i = 0;
          const timed = parts.map((part) => part.map((entry) => ({ ...entry, time: at(i++) })));
          await write(timed, (age) => (zipped & (1 << age)) !== 0);
          const all = timed.flat().map(shown);
          assert.deepEqual(await read(), all);
          assert.deepEqual(await read({ tail }), tail === 0 ? [] : all.slice(-tail));
          assert.deepEqual(
            await read({ since: at(since) }),
            all.filter((entry) => entry.time >= at(since)),
          );
          assert.deepEqual(
            await read({ until: at(since) }),
            all.filter((entry) => entry.time <= at(since)),
          );
          assert.deepEqual(
            await read({ stdout: false, tail }),
            (tail === 0 ? [] : all.slice(-tail)).filter((entry) => entry.stream === 'stderr'),
          );
        },
      ),
      { numRuns: 60 },
    );
  });

  test('interleaved pieces of two streams are whole in a tail', async () => {
    const [out, error] = [
      render({ stream: 'stdout', time: at(0), text: 'abcdef', pieces: 3 }),
      render({ stream: 'stderr', time: at(1), text: 'uvwxyz', pieces: 3 }),
    ];
    const before = text(lines(10, 20));
    await writeFile(path, [before, out[0], error[0], out[1], error[1], error[2], out[2]].join(''));
    assert.deepEqual(await texts({ tail: 1 }), ['abcdef\n']);
    assert.deepEqual(await texts({ tail: 2 }), ['uvwxyz\n', 'abcdef\n']);
    assert.deepEqual(await texts({ tail: 3 }), ['line 19\n', 'uvwxyz\n', 'abcdef\n']);
  });
});

describe('following', () => {
  /** Reads on in the background; `until` waits for a number of entries. */
  function follow(options: Partial<ReadOptions> = {}) {
    const ended = new AbortController();
    const signal = new AbortController();
    const got: string[] = [];
    const done = (async () => {
      for await (const entry of readLogs(
        path,
        { ...ALL, ...options, follow: true },
        ended.signal,
        signal.signal,
      ))
        got.push(entry.line.toString());
    })();
    const until = async (count: number) => {
      while (got.length < count) await sleep(5);
    };
    return { ended, signal, got, done, until };
  }
  const wanted = (to: number) => lines(0, to).map((line) => `${line.text}\n`);

  test('what is appended, until the end', async () => {
    await writeFile(path, text(lines(0, 2)));
    const reader = follow();
    await reader.until(2);
    for (let i = 2; i < 20; i++) {
      await appendFile(path, text(lines(i, i + 1)));
      await reader.until(i + 1);
    }
    await appendFile(path, text(lines(20, 25)));
    reader.ended.abort();
    await reader.done;
    assert.deepEqual(reader.got, wanted(25));
  });

  test('a log that does not exist yet', async () => {
    const reader = follow();
    await sleep(20);
    await writeFile(path, text(lines(0, 3)));
    await reader.until(3);
    reader.ended.abort();
    await reader.done;
    assert.deepEqual(reader.got, wanted(3));
  });

  test('across rotations, also several at once, also compressed ones', async () => {
    await writeFile(path, text(lines(0, 5)));
    const reader = follow();
    await reader.until(5);
    await appendFile(path, text(lines(5, 8)));
    await rename(path, `${path}.1`);
    await appendFile(`${path}.1`, text(lines(8, 10)));
    await writeFile(path, text(lines(10, 15)));
    await reader.until(15);
    await rename(`${path}.1`, `${path}.3`);
    await rename(path, `${path}.2`);
    await writeFile(`${path}.1`, text(lines(15, 20)));
    await writeFile(path, text(lines(20, 22)));
    await reader.until(22);
    // Ours is gone under its inode: compressed at once.
    await rm(path);
    await writeFile(`${path}.1.gz`, gzipSync(text(lines(20, 24))));
    await rm(`${path}.1`);
    await writeFile(path, text(lines(24, 26)));
    await reader.until(26);
    reader.ended.abort();
    await reader.done;
    assert.deepEqual(reader.got, wanted(26));
  });

  test('the reader that goes away is let go', async () => {
    await writeFile(path, text(lines(0, 1)));
    const reader = follow({ tail: 0 });
    await sleep(20);
    reader.signal.abort();
    await reader.done;
    assert.deepEqual(reader.got, []);
  });

  test('until ends it', async () => {
    await writeFile(path, text(lines(0, 1)));
    const reader = follow({ until: at(3) });
    await reader.until(1);
    await appendFile(path, text(lines(1, 9)));
    await reader.done;
    assert.deepEqual(reader.got, wanted(4));
  });
});
