import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** x64's package for CPUs without AVX2 runs on those with it too. */
const PACKAGES: Readonly<Record<string, string>> = {
  x64: '@oven/bun-linux-x64-baseline',
  arm64: '@oven/bun-linux-aarch64',
};

/** Names what bin/berth runs: a directory with Bun and the CLI, as a link, which is replaced at once. */
const LINK = 'dist/bun';

/** As in bin/berth. */
const ISOLATED = ['--no-env-file', '--no-install', '--config=/dev/null'];

/**
 * The CLI with bytecode for Bun, `dist/bun/cli.js`, and Bun itself beside it. Made only where a Bun is installed and
 * runs it: bin/berth then need not ask. Without it bin/berth takes Node.
 */
export async function buildForBun(code: Uint8Array, version: string): Promise<void> {
  const bun = await workingBun();
  if (!bun) {
    await rm(LINK, { force: true });
    return;
  }
  const hash = createHash('sha256').update(code).update(bun.version).digest('hex').slice(0, 12);
  const name = `bun-${hash}`;
  if (!existsSync(`dist/${name}`)) {
    const growing = `dist/${name}.${process.pid}`;
    await makeDirectory(growing, bun.path, code);
    const { stdout } = await run(`${growing}/bun`, [...ISOLATED, `${growing}/cli.js`, '--version']);
    if (!stdout.includes(version)) throw new Error(`the CLI does not run in Bun: it printed ${stdout}`);
    // Somebody else may have been faster.
    await rename(growing, `dist/${name}`).catch(() => rm(growing, { recursive: true }));
  }
  await rm(`${LINK}.${process.pid}`, { force: true });
  await symlink(name, `${LINK}.${process.pid}`);
  await rename(`${LINK}.${process.pid}`, LINK);
  for (const file of await readdir('dist')) {
    if (file.startsWith('bun-') && !file.startsWith(name)) await rm(`dist/${file}`, { recursive: true });
  }
}

/** Undefined when the optional package is not there, or not for this machine. */
async function workingBun(): Promise<{ path: string; version: string } | undefined> {
  const path = `node_modules/${PACKAGES[process.arch]}/bin/bun`;
  try {
    const { stdout } = await run(path, ['--revision']);
    return { path, version: stdout.trim() };
  } catch {
    return undefined;
  }
}

async function makeDirectory(directory: string, bun: string, code: Uint8Array): Promise<void> {
  await mkdir(directory);
  await writeFile(`${directory}/berth.js`, code);
  const flags = ['--target=bun', '--format=cjs', '--bytecode', '--minify', `--outdir=${directory}`];
  await run(bun, ['build', ...flags, '--entry-naming=cli.js', `${directory}/berth.js`]);
  await rm(`${directory}/berth.js`);
  await symlink(`../../${bun}`, `${directory}/bun`);
}
