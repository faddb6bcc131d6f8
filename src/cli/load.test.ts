import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
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
  const flags = Array.from(
    readFileSync(BERTH, 'utf8').matchAll(/[ '](--[a-z][\w=-]*)/g),
    ([, flag = '']) => flag,
  );
  assert.ok(flags.includes('--disable-sigusr1'));
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

it('bin/berth runs through links and from anywhere', () => {
  const version = /^Berth version \d+\.\d+\.\d+\n$/;
  assert.match(execFileSync(BERTH, ['--version'], { encoding: 'utf8', cwd: '/' }), version);
  assert.match(
    execFileSync('sh', ['berth', '--version'], { encoding: 'utf8', cwd: join(dist, '../bin') }),
    version,
  );
});
