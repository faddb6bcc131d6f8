import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { buildContexts, dockerfile } from '../fixtures/build-context.ts';
import { Daemon, type Result, type RunOptions } from '../fixtures/daemon.ts';
import { Registry } from '../fixtures/registry.ts';

const daemon = Daemon.forThisFile();
const context = buildContexts();
const directory = mkdtempSync('/tmp/berth-cache-');
after(() => rmSync(directory, { recursive: true, force: true }));
const at = (name: string): string => join(directory, name);

const program = new URL('../../bin/berth', import.meta.url).pathname;
const berth = (args: readonly string[], options: RunOptions = {}): Promise<Result> =>
  daemon.run(program, args, { timeout: 120_000, ...options });

async function build(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await berth(['build', ...args]);
  assert.equal(code, 0, stdout + stderr);
  return stdout + stderr;
}

/** As on another machine: nothing is known of earlier builds. */
async function forget(): Promise<void> {
  await daemon.ok('image', 'rm', '-f', 'made', 'stage');
  await daemon.ok('builder', 'prune', '--all', '--force');
}

const read = (image: string, path: string): Promise<string> => daemon.ok('run', '--rm', image, 'cat', path);

// What is done again gives something else.
const STAGES = {
  Dockerfile: dockerfile(
    'FROM busybox AS build',
    'RUN cat /proc/sys/kernel/random/uuid > /built',
    'FROM busybox',
    'COPY a.txt /',
    'COPY --from=build /built /built',
    'RUN cat /proc/sys/kernel/random/uuid > /finished',
  ),
  'a.txt': 'a',
};

const both = async (): Promise<string[]> => [await read('made', '/built'), await read('made', '/finished')];

describe('results of builds elsewhere', () => {
  it('a directory: with mode=max also what came before the result; nothing is lost when all came from it', async () => {
    const root = context(STAGES);
    await build('--cache-to', `type=local,dest=${at('max')},mode=max`, '-t', 'made', root);
    const first = await both();
    await build('--target', 'build', '-t', 'stage', root);
    await forget();
    // Read and written on: that everything came from there must not make it less.
    const there = [
      '--cache-from',
      `type=local,src=${at('max')}`,
      '--cache-to',
      `type=local,dest=${at('next')},mode=max`,
    ];
    const told = await build(...there, '-t', 'made', root);
    assert.match(told, /Using cache/);
    assert.deepEqual(await both(), first);
    await build('--target', 'build', '-t', 'stage', root);
    await forget();
    await build('--cache-from', `type=local,src=${at('next')}`, '--target', 'build', '-t', 'stage', root);
    assert.equal(await read('stage', '/built'), first[0]);
    await build('--cache-to', `type=local,dest=${at('min')}`, '-t', 'made', root);
    const config = (name: string): { records: object[] } => {
      const blob = (digest: string) =>
        readFileSync(at(join(name, 'blobs', digest.replace(':', '/'))), 'utf8');
      const index = JSON.parse(readFileSync(at(join(name, 'index.json')), 'utf8'));
      const manifest = JSON.parse(blob(index.manifests[0].digest));
      assert.equal(manifest.config.mediaType, 'application/vnd.buildkit.cacheconfig.v0');
      return JSON.parse(blob(manifest.config.digest));
    };
    assert.ok(config('min').records.length < config('max').records.length);
    assert.equal(config('next').records.length >= config('max').records.length / 2, true);
  });

  it('a registry, and an image that tells of itself, which the docker CLI takes too', async () => {
    await using registry = await Registry.start();
    const root = context(STAGES);
    const [cache, image] = [`${registry.host}/cache:1`, `${registry.host}/made:1`];
    const to = ['--cache-to', `type=registry,ref=${cache},mode=max`, '--cache-to', 'type=inline', '--push'];
    await build('--no-cache', ...to, '-t', image, root);
    const manifest = JSON.parse(
      execFileSync('skopeo', ['inspect', '--tls-verify=false', '--raw', `docker://${cache}`], {
        encoding: 'utf8',
      }),
    );
    assert.equal(manifest.config.mediaType, 'application/vnd.buildkit.cacheconfig.v0');
    await daemon.ok('pull', '-q', image);
    const first = [await read(image, '/built'), await read(image, '/finished')];
    await daemon.ok('rmi', image);
    await forget();
    await build('--cache-from', `type=registry,ref=${cache}`, '-t', 'made', root);
    assert.deepEqual(await both(), first);
    await forget();
    await daemon.ok('build', '--cache-from', image, '-t', 'made', root);
    assert.deepEqual(await both(), first);
  });

  it('directories of cache mounts go along when they are asked for', async () => {
    const root = context({
      Dockerfile: dockerfile(
        'FROM busybox',
        'ARG N',
        'RUN --mount=type=cache,target=/c echo "$N" >> /c/seen && chown 7:8 /c/seen && cp -p /c/seen /',
      ),
    });
    const numbered = (n: number, ...more: readonly string[]) =>
      build('--build-arg', `N=${n}`, ...more, '-t', 'made', root);
    await numbered(1);
    await numbered(2, '--cache-to', `type=local,dest=${at('mounts')},mounts=true`);
    await forget();
    await numbered(3, '--cache-from', `type=local,src=${at('mounts')}`);
    assert.equal(await read('made', '/seen'), '1\n2\n3');
    assert.equal(await daemon.ok('run', '--rm', 'made', 'stat', '-c', '%u:%g', '/seen'), '7:8');
  });

  it('one that cannot be read is told of, and done without; one that cannot be meant is refused', async () => {
    const root = context({ Dockerfile: dockerfile('FROM busybox', 'RUN true > /x') });
    mkdirSync(at('broken'));
    writeFileSync(at('broken/oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
    writeFileSync(at('broken/index.json'), '{"schemaVersion":2,"manifests":[]}');
    const sources = [
      `type=local,src=${at('broken')}`,
      `type=local,src=${at('nowhere')}`,
      '127.0.0.1:1/none:1',
    ];
    const told = await build(...sources.flatMap((each) => ['--cache-from', each]), '-t', 'made', root);
    assert.match(told, /the cache \S+broken is not used: it has nothing called latest/);
    assert.match(told, /the cache \S+nowhere is not used/);
    assert.match(told, /the cache 127\.0\.0\.1:1\/none:1 is not used/);
    const lost = ['--cache-to', 'type=registry,ref=127.0.0.1:1/none:1'];
    assert.equal((await berth(['build', ...lost, root])).code, 1);
    const ignored = await build('--cache-to', `${lost[1]},ignore-error=true`, root);
    assert.match(ignored, /the cache 127\.0\.0\.1:1\/none:1 is not written/);
    const refuse = async (flags: readonly string[], why: RegExp) => {
      const { code, stderr } = await berth(['build', ...flags, root]);
      assert.equal(code, 1);
      assert.match(stderr, why);
    };
    await refuse(['--cache-to', 'type=gha'], /a cache of type=gha is not supported/);
    await refuse(
      ['--cache-to', 'type=disk,dest=x'],
      /unknown cache type "disk": use inline, registry or local/,
    );
    await refuse(['--cache-to', 'type=local'], /--cache-to type=local needs dest=/);
    await refuse(['--cache-from', `type=local,src=${at('broken')},colour=red`], /unknown attribute "colour"/);
    await refuse(['--cache-to', 'type=local,dest=x,mode=mid'], /invalid cache mode "mid": use min or max/);
  });
});

describe('the history of builds', () => {
  it('lists, shows and forgets them, also those before a restart; no values of arguments in it', async () => {
    const root = context({
      Dockerfile: dockerfile('FROM busybox', 'ARG A', 'RUN echo "said $A"; test -n "$A"'),
    });
    await build('--build-arg', 'A=hush', '-t', 'noted:1', root);
    assert.equal((await berth(['build', root])).code, 1);
    await daemon.kill9();
    await daemon.start();
    const history = async (...args: readonly string[]): Promise<string> => {
      const { code, stdout, stderr } = await berth(['builder', 'history', ...args]);
      assert.equal(code, 0, stderr);
      return stdout.trim();
    };
    const listed = (await history('ls', '--format', '{{.Name}} {{.Status}} {{.Steps}}')).split('\n');
    assert.deepEqual(listed.slice(0, 2), ['Dockerfile failed 1/2', 'noted:1 completed 2/2']);
    const shown = await history('inspect', '^1');
    assert.match(shown, /"BuildArgs": \[\s*"A"\s*\]/);
    assert.doesNotMatch(shown, /hush/);
    assert.match(await history('logs', '^1'), /^#\d+ \[2\/2\] RUN echo[^]*said hush\n#\d+ DONE/m);
    assert.match(await history('logs'), /ERROR [^]*non-zero code: 1/);
    const id = await history('ls', '-q').then((ids) => ids.split('\n')[0] ?? '');
    assert.equal(await history('rm', id), id);
    assert.match((await berth(['builder', 'history', 'inspect', id])).stderr, /No such build/);
    await history('rm', '--all');
    assert.equal(await history('ls', '-q'), '');
    assert.match((await berth(['builder', 'history', 'logs'])).stderr, /nothing was built yet/);
  });
});
