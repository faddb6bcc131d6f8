import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { buildContexts, dockerfile } from '../fixtures/build-context.ts';
import { Daemon, type Result, type RunOptions } from '../fixtures/daemon.ts';
import { Registry } from '../fixtures/registry.ts';

const daemon = Daemon.forThisFile();
const context = buildContexts();
const directory = mkdtempSync('/tmp/berth-outputs-');
after(() => rmSync(directory, { recursive: true, force: true }));
const at = (name: string): string => join(directory, name);

const program = new URL('../../bin/berth', import.meta.url).pathname;
const berth = (args: readonly string[], options: RunOptions = {}): Promise<Result> =>
  daemon.run(program, args, { timeout: 120_000, ...options });

async function build(args: readonly string[], options?: RunOptions): Promise<string> {
  const { code, stdout, stderr } = await berth(['build', ...args], options);
  assert.equal(code, 0, stdout + stderr);
  return stdout;
}

const FILES = {
  Dockerfile: dockerfile(
    'FROM busybox',
    'WORKDIR /made',
    'COPY a.txt /copied/',
    'RUN mkdir /old && echo 1 > /old/one && echo 2 > /gone && ln -s gone /link',
    'RUN rm -r /old /gone /bin/ls && mkdir /old && echo 3 > /old/three && ln /old/three /twin',
    'CMD ["cat", "/old/three"]',
  ),
  'a.txt': 'a',
};

const members = (...args: readonly string[]): string[] =>
  execFileSync('tar', ['-t', ...args], { encoding: 'utf8', maxBuffer: 2 ** 26 })
    .trim()
    .split('\n');

describe('berth build: outputs', () => {
  it('a directory, tars and layouts at once, and nothing in the engine that nobody asked for', async () => {
    const root = context(FILES);
    const outputs = ['local,dest=local', 'tar,dest=fs.tar', 'oci,dest=oci.tar', 'oci,tar=false,dest=layout'];
    const args = outputs.flatMap((output) => ['-o', `type=${output.replace('dest=', `dest=${directory}/`)}`]);
    await build([
      ...args,
      '-t',
      'elsewhere',
      '--annotation',
      'org.example=x',
      '--metadata-file',
      at('m'),
      root,
    ]);
    assert.equal(readFileSync(at('local/old/three'), 'utf8'), '3\n');
    assert.ok(!existsSync(at('local/gone')) && !existsSync(at('local/bin/ls')));
    const listed = members('-f', at('fs.tar'));
    assert.ok(listed.includes('twin') && !listed.includes('gone'), listed.join());
    const inspect = (source: string) =>
      JSON.parse(execFileSync('skopeo', ['inspect', '--raw', source], { encoding: 'utf8' }));
    const manifest = inspect(`oci-archive:${at('oci.tar')}`);
    assert.deepEqual(manifest, inspect(`oci:${at('layout')}`));
    assert.deepEqual(manifest.annotations, { 'org.example': 'x' });
    const metadata = JSON.parse(readFileSync(at('m'), 'utf8'));
    assert.equal(metadata['containerimage.config.digest'], manifest.config.digest);
    assert.equal(metadata['image.name'], 'elsewhere');
    assert.equal((await berth(['image', 'inspect', 'elsewhere'])).code, 1);
  });

  it('docker reads the archive; stdout takes one; cacheonly keeps nothing', async () => {
    const root = context(FILES);
    await build(['-o', `type=docker,dest=${at('docker.tar')}`, '-t', 'loaded:1', '-t', 'loaded:2', root]);
    await daemon.ok('load', '-i', at('docker.tar'));
    assert.equal(await daemon.ok('run', '--rm', 'loaded:2'), '3');
    assert.equal(await daemon.ok('image', 'inspect', '-f', '{{len .RepoTags}}', 'loaded:1'), '2');
    const piped = await berth(['build', '-o', '-', root]);
    assert.match(piped.stderr, /Step 1\/6 : FROM busybox/);
    assert.match(piped.stdout, /^bin\//);
    const before = await daemon.ok('images', '-aq');
    await build(['-o', 'type=cacheonly', root]);
    assert.equal(await daemon.ok('images', '-aq'), before);
    const refused = await berth(['build', '-o', 'type=ocy,dest=x', root]);
    assert.match(refused.stderr, /unknown output type "ocy": use image, registry/);
    const attribute = await berth(['build', '-o', 'type=oci,dest=x,colour=red', root]);
    assert.match(attribute.stderr, /unknown attribute "colour"/);
    const nowhere = await berth(['build', '-o', 'type=tar,dest=/nowhere/x.tar', root]);
    assert.equal(nowhere.code, 1);
    assert.match(nowhere.stderr, /invalid output path: \/nowhere/);
  });

  it('pushes, and keeps the image only when it is told to', async () => {
    await using registry = await Registry.start();
    const root = context(FILES);
    const name = `${registry.host}/pushed`;
    await build(['--push', '-t', `${name}:1`, '-t', `${name}:2`, root]);
    assert.equal((await berth(['image', 'inspect', `${name}:1`])).code, 1);
    await build(['-o', `type=image,name=${name}:3,push=true`, root]);
    await daemon.ok('image', 'inspect', `${name}:3`);
    const digest = (tag: string) =>
      registry.skopeo('inspect', '--tls-verify=false', '-f', '{{.Digest}}', `docker://${name}:${tag}`);
    assert.deepEqual(new Set([await digest('1'), await digest('2'), await digest('3')]).size, 1);
    assert.match((await berth(['build', '--push', root])).stderr, /tag is needed when pushing/);
  });

  it('squash: one layer more than the base, with the same files', async () => {
    const root = context(FILES);
    await build(['--squash', '-t', 'squashed', root]);
    await build(['-t', 'plain', root]);
    const layers = (image: string) => daemon.ok('image', 'inspect', '-f', '{{len .RootFS.Layers}}', image);
    assert.equal(await layers('squashed'), '2');
    assert.equal(await layers('plain'), '5');
    const list = (image: string) =>
      daemon.ok(
        'run',
        '--rm',
        image,
        'sh',
        '-c',
        'find / -xdev ! -path /proc ! -path /sys -exec stat -c "%n %F %a %u %g %h" {} + | sort | md5sum',
      );
    assert.equal(await list('squashed'), await list('plain'));
    const history = await daemon.ok('history', '--no-trunc', '--format', '{{.Comment}}', 'squashed');
    assert.match(history, /^merge sha256:[0-9a-f]{64} to sha256:/);
  });

  it('SOURCE_DATE_EPOCH: the same bytes whenever it is built', async () => {
    const root = context(FILES);
    const env = { SOURCE_DATE_EPOCH: '1000000000' };
    const make = async (name: string) => {
      const output = `type=oci,dest=${at(name)},rewrite-timestamp=true`;
      await build(['--no-cache', '-o', output, root], { env });
      return readFileSync(at(name));
    };
    const first = await make('first.tar');
    assert.ok(first.equals(await make('second.tar')), 'the archives differ');
    await daemon.ok('load', '-i', at('first.tar'));
    await build(['-o', `type=tar,dest=${at('dated.tar')}`, root], { env });
    const dates = execFileSync('tar', ['-tvf', at('dated.tar'), 'old/three', 'copied/'], {
      encoding: 'utf8',
    });
    assert.equal(dates.match(/ 2001-09-09 /g)?.length, 3, dates);
    const id = (await build(['-q', '-t', 'dated', root], { env })).trim();
    assert.equal(await daemon.ok('inspect', '-f', '{{.Created}}', id), '2001-09-09T01:46:40Z');
    const wrong = await berth(['build', '--build-arg', 'SOURCE_DATE_EPOCH=now', root]);
    assert.match(wrong.stderr, /invalid SOURCE_DATE_EPOCH "now"/);
  });
});
