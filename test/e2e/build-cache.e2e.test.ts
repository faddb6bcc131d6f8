import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { berthBuild } from '../fixtures/berth-build.ts';
import { buildContexts, dockerfile } from '../fixtures/build-context.ts';
import { Daemon } from '../fixtures/daemon.ts';
import { Registry } from '../fixtures/registry.ts';

const daemon = Daemon.forThisFile();
const context = buildContexts();
const { at, berth, build } = berthBuild(daemon);

/** Builds, and gives the files of the result. */
async function made(...args: readonly string[]): Promise<string[]> {
  rmSync(at('out'), { recursive: true, force: true });
  await build('-o', `type=local,dest=${at('out')}`, ...args);
  return readdirSync(at('out'))
    .sort()
    .map((name) => readFileSync(join(at('out'), name), 'utf8').trim());
}

/** As on another machine: nothing is known of earlier builds. */
const forget = (): Promise<string> => daemon.ok('builder', 'prune', '--all', '--force');

/** Paths of the layers of a cache in a directory. */
function blobsOf(directory: string): string[] {
  const read = (path: string) => JSON.parse(readFileSync(join(directory, path), 'utf8'));
  const pathOf = ({ digest }: { readonly digest: string }) => `blobs/${digest.replace(':', '/')}`;
  return read(pathOf(read('index.json').manifests[0])).layers.map(pathOf);
}

// What is done again gives something else.
const STAGES = {
  Dockerfile: dockerfile(
    'FROM busybox AS build',
    'RUN cat /proc/sys/kernel/random/uuid > /built',
    'FROM scratch AS half',
    'COPY --from=build /built /half',
    'FROM busybox AS last',
    'COPY a.txt /',
    'RUN cat /proc/sys/kernel/random/uuid > /finished',
    'FROM scratch',
    'COPY --from=build /built /built',
    'COPY --from=last /finished /finished',
  ),
  'a.txt': 'a',
};

describe('results of builds elsewhere', () => {
  it('a directory: with mode=max also what came before the result; nothing is lost when all came from it', async () => {
    const root = context(STAGES);
    const first = await made('--cache-to', `type=local,dest=${at('max')},mode=max`, root);
    await build('-o', 'type=cacheonly', '--cache-to', `type=local,dest=${at('min')}`, root);
    await forget();
    // Read and written on: that everything came from there must not make it less.
    const from = ['--cache-from', `type=local,src=${at('max')}`];
    assert.deepEqual(
      await made(...from, '--cache-to', `type=local,dest=${at('next')},mode=max`, root),
      first,
    );
    await forget();
    const half = ['--target', 'half', root];
    assert.deepEqual(await made('--cache-from', `type=local,src=${at('next')}`, ...half), first.slice(0, 1));
    await forget();
    assert.notDeepEqual(
      await made('--cache-from', `type=local,src=${at('min')}`, ...half),
      first.slice(0, 1),
    );
    assert.deepEqual(await made('--cache-from', `type=local,src=${at('min')}`, root), first);
    await forget();
    const needed = blobsOf(at('min'));
    for (const blob of blobsOf(at('max'))) if (!needed.includes(blob)) rmSync(join(at('max'), blob));
    const told = await build(...from, '--cache-to', `type=local,dest=${at('rest')},mode=max`, root);
    assert.match(told, /a cached result cannot be passed on/);
  });

  it('a registry, and an image that tells of itself', async () => {
    await using registry = await Registry.start();
    const root = context(STAGES);
    const [cache, image] = [`${registry.host}/cache:1`, `${registry.host}/made:1`];
    const to = ['--cache-to', `type=registry,ref=${cache},mode=max`, '--cache-to', 'type=inline', '--push'];
    const first = await made('--no-cache', ...to, '-t', image, root);
    const manifest = JSON.parse(
      execFileSync('skopeo', ['inspect', '--tls-verify=false', '--raw', `docker://${cache}`], {
        encoding: 'utf8',
      }),
    );
    assert.equal(manifest.config.mediaType, 'application/vnd.buildkit.cacheconfig.v0');
    await forget();
    assert.deepEqual(await made('--cache-from', `type=registry,ref=${cache}`, root), first);
    await forget();
    assert.deepEqual(await made('--cache-from', image, root), first);
  });

  it('an image that tells nothing: its history, line by line, and what was copied, whenever it was written', async () => {
    const root = context({
      Dockerfile: dockerfile(
        'FROM busybox',
        'ENV A=b',
        'COPY a.txt /dir/',
        'RUN cat /proc/sys/kernel/random/uuid > /one',
        'COPY b.txt /',
        'RUN cat /proc/sys/kernel/random/uuid > /two',
      ),
      'a.txt': 'a',
      'b.txt': 'b',
    });
    const both = (image: string) => daemon.ok('run', '--rm', image, 'cat', '/one', '/two');
    await daemon.ok('build', '-t', 'past', root);
    const first = (await both('past')).split('\n');
    await daemon.ok('save', '-o', at('past.tar'), 'past');
    await daemon.ok('rmi', '-f', 'past');
    await forget();
    await daemon.ok('load', '-i', at('past.tar'));
    utimesSync(join(root, 'a.txt'), 1e9, 1e9);
    writeFileSync(join(root, 'b.txt'), 'c');
    await daemon.ok('build', '--cache-from', 'past', '-t', 'made', root);
    const second = (await both('made')).split('\n');
    assert.equal(second[0], first[0]);
    assert.notEqual(second[1], first[1]);
    await daemon.ok('rmi', 'past');
  });

  it('directories of cache mounts go along when they are asked for', async () => {
    const root = context({
      Dockerfile: dockerfile(
        'FROM busybox AS run',
        'ARG N',
        'RUN --mount=type=cache,target=/c echo "$N" >> /c/seen && chown 7:8 /c/seen && stat -c %u:%g /c/* > /owner; cp /c/seen /',
        'FROM scratch',
        'COPY --from=run /owner /seen /',
      ),
    });
    const numbered = (n: number, ...more: readonly string[]) => made('--build-arg', `N=${n}`, ...more, root);
    await numbered(1);
    await numbered(2, '--cache-to', `type=local,dest=${at('mounts')},mounts=true`);
    await forget();
    const seen = await numbered(3, '--cache-from', `type=local,src=${at('mounts')}`);
    assert.deepEqual(seen, ['7:8', '1\n2\n3']);
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
