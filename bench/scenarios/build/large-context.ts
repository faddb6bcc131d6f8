import { existsSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { one } from '../../measurement.ts';
import type { Scenario } from '../../scenario.ts';
import { fresh, lines, timeBuild } from './build.ts';

const DIRECTORIES = 500;
const PER_DIRECTORY = 100;
const BYTES = 20_000;

/** A gigabyte of 50,000 files, of which one directory is copied: with nothing known of it, then with a file changed. */
export const largeContext = (cache: string): Scenario => ({
  rounds: 1,
  patience: 180_000,
  async engine(contender, signal) {
    const context = await contextIn(cache);
    const write = (name: string, text: string) => writeFile(join(context, name), text);
    await write(
      'Dockerfile',
      lines('FROM busybox', `LABEL nonce=${fresh()}`, 'COPY d7 /d7', 'COPY source /'),
    );
    await write('source', fresh());
    const cold = await timeBuild(contender, context, signal);
    await write('source', fresh());
    const changed = await timeBuild(contender, context, signal);
    return [
      one('`build` that needs 100 of 50,000 files, 1 GB', 's', cold / 1000),
      one('the same, one file changed', 's', changed / 1000),
    ];
  },
});

async function contextIn(cache: string): Promise<string> {
  const context = join(cache, 'large-context');
  if (existsSync(context)) return context;
  const made = `${context}.new`;
  for (let directory = 0; directory < DIRECTORIES; directory++) {
    const path = join(made, `d${directory}`);
    await mkdir(path, { recursive: true });
    for (let file = 0; file < PER_DIRECTORY; file++)
      await writeFile(join(path, `f${file}`), Buffer.alloc(BYTES, `${directory} ${file} `));
  }
  await rename(made, context);
  return context;
}
