import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, it } from 'node:test';
import { BERTH, buildBundle } from './bundle.fixture.ts';

before(buildBundle);
const dist = join(import.meta.dirname, '../../dist');

it('the build leaves one bundle, its code cache and the loader', () => {
  const files = readdirSync(dist).filter((file) => /^(cli-|berth\.)/.test(file));
  const [bundle = '', ...others] = files.toSorted().toReversed();
  assert.match(bundle, /^cli-[0-9a-f]{12}\.js$/);
  assert.deepEqual(others, [bundle.replace('.js', '.cache'), 'berth.mjs']);
});

it('V8 takes the code cache, under the flags of bin/berth', () => {
  const flags = /^node_flags='(.+)'$/m.exec(readFileSync(BERTH, 'utf8'))?.[1]?.split(' ') ?? [];
  assert.ok(flags.includes('--min-semi-space-size=16'));
  const name = readdirSync(dist).find((file) => /^cli-.*\.js$/.test(file)) ?? '';
  const path = join(dist, name);
  const script = `
    const { readFileSync } = require('node:fs');
    const cachedData = readFileSync('${path.replace('.js', '.cache')}');
    const script = new (require('node:vm').Script)(readFileSync('${path}', 'latin1'), { filename: '${path}', cachedData });
    console.log(script.cachedDataRejected);`;
  assert.equal(
    execFileSync(process.execPath, [...flags, '-e', script], { encoding: 'utf8' }).trim(),
    'false',
  );
});

const version = /^Berth version \d+\.\d+\.\d+\n$/;

it('bin/berth runs through links and from anywhere', () => {
  assert.match(execFileSync(BERTH, ['--version'], { encoding: 'utf8', cwd: '/' }), version);
  assert.match(
    execFileSync('sh', ['berth', '--version'], { encoding: 'utf8', cwd: join(dist, '../bin') }),
    version,
  );
});

it('bin/berth runs in the runtime that is asked for, and in Node where the build found no other', (t) => {
  const runtime = (berth: string, wanted?: string) =>
    spawnSync(berth, ['-H', 'unix:///nonexistent', 'version', '--format', '{{.Client.Runtime}}'], {
      encoding: 'utf8',
      env: { ...process.env, BERTH_CLI_RUNTIME: wanted },
    });
  assert.match(runtime(BERTH, 'node').stdout, /^node v26\./);
  const wrong = runtime(BERTH, 'deno');
  assert.deepEqual(
    [wrong.status, wrong.stderr],
    [125, 'berth: BERTH_CLI_RUNTIME is deno: use node or bun\n'],
  );
  if (existsSync(join(dist, 'bun'))) assert.match(runtime(BERTH).stdout, /^bun v1\./);
  // Another place with all but Bun.
  const place = mkdtempSync(join(tmpdir(), 'berth-'));
  t.after(() => rmSync(place, { recursive: true }));
  for (const directory of ['bin', 'dist']) mkdirSync(join(place, directory));
  copyFileSync(BERTH, join(place, 'bin/berth'));
  symlinkSync(join(dist, '../node_modules'), join(place, 'node_modules'));
  for (const file of readdirSync(dist).filter((name) => /^(cli-|berth\.)/.test(name)))
    copyFileSync(join(dist, file), join(place, 'dist', file));
  // The optional package was removed after the build.
  mkdirSync(join(place, 'dist/bun'));
  symlinkSync('nowhere', join(place, 'dist/bun/bun'));
  assert.match(runtime(join(place, 'bin/berth')).stdout, /^node v26\./);
});

it('Bun reads no settings of the directory it is started in', {
  skip: !existsSync(join(dist, 'bun')),
}, (t) => {
  const cwd = mkdtempSync(join(tmpdir(), 'berth-'));
  t.after(() => rmSync(cwd, { recursive: true }));
  writeFileSync(join(cwd, 'bunfig.toml'), 'preload = ["./evil.js"]');
  writeFileSync(join(cwd, 'evil.js'), 'console.log("evil")');
  writeFileSync(join(cwd, '.env'), 'BERTH_HOST=ftp://evil');
  writeFileSync(join(cwd, 'package.json'), '{');
  writeFileSync(join(cwd, 'tsconfig.json'), '{');
  const env = { ...process.env, BERTH_CLI_RUNTIME: 'bun' };
  const { stdout, stderr } = spawnSync(BERTH, ['ps', '--no-such-flag'], { encoding: 'utf8', env, cwd });
  assert.equal(stdout, '');
  assert.match(stderr, /^unknown flag: --no-such-flag/);
});
