import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { entryName, findThreads, placeInBundle } from './build-daemon.ts';

const repository = join(import.meta.dirname, '..');

it('places what a module names beside itself', () => {
  const place = (source: string) => placeInBundle('src/engine/logs/read.ts', source);
  assert.equal(
    place(`new Thread(new URL('../../lib/a-thread.ts', import.meta.url))`),
    `new Thread(new URL('./lib-a-thread.mjs', import.meta.url))`,
  );
  assert.equal(
    place(`runJob(\n  new URL(\n    './b.ts',\n    import.meta.url,\n  ),\n)`),
    `runJob(\n  new URL('./engine-logs-b.mjs', import.meta.url),\n)`,
  );
  assert.equal(
    place(`new URL('../../../package.json', import.meta.url)`),
    `new URL('../../../package.json', new URL('../../src/engine/logs/read.ts', import.meta.url).href)`,
  );
  assert.equal(
    place(`join(import.meta.dirname, 'x')`),
    `join(new URL('../../src/engine/logs', import.meta.url).pathname, 'x')`,
  );
  assert.throws(() => place(`import.meta.resolve('./x')`), /read\.ts: the build does not know import\.meta/);
});

it('builds a daemon that starts, with every thread beside it', async () => {
  const run = (file: string, ...args: readonly string[]) =>
    execFileSync(process.execPath, ['--disable-warning=ExperimentalWarning', file, ...args], {
      cwd: repository,
      encoding: 'utf8',
    });
  run('scripts/build-daemon.ts');
  const directory = join(repository, 'dist', readFileSync(join(repository, 'dist/berthd'), 'utf8').trim());
  const threads = await findThreads();
  assert.ok(threads.includes('src/linux/process/spawn-thread.ts'));
  for (const thread of threads) assert.ok(existsSync(join(directory, `${entryName(thread)}.mjs`)), thread);
  assert.match(run(join(directory, 'main.mjs'), '--version'), /^Berth version \d+\.\d+\.\d+\n$/);
  run(join(directory, 'main.mjs'), '--validate');
});
