import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { Client, Daemon, eventually } from '../../test/fixtures/daemon.ts';
import { BERTH, buildBundle } from './bundle.fixture.ts';

before(buildBundle);
const daemon = Daemon.forThisFile();
const scratch = mkdtempSync(join(tmpdir(), 'berth-cli-'));
after(() => rmSync(scratch, { recursive: true }));

const berth = (...argv: readonly string[]) => daemon.berth(...argv);
const spawned = (...argv: readonly string[]) =>
  new Client(spawn(BERTH, [...argv], { env: daemon.environment, stdio: 'pipe' }));

async function ok(...argv: readonly string[]): Promise<string> {
  const result = await berth(...argv);
  assert.equal(result.code, 0, result.stderr);
  return result.stdout.trim();
}

/** berth on a terminal, which script(1) makes. */
function onTerminal(...argv: readonly string[]): Client {
  const quoted = [BERTH, ...argv].map((word) => `'${word}'`).join(' ');
  return new Client(
    spawn('script', ['-qfec', `stty rows 33 cols 77; exec ${quoted}`, '/dev/null'], {
      env: daemon.environment,
      stdio: 'pipe',
    }),
  );
}

describe('berth run', () => {
  it('ends as the container ends', async () => {
    assert.deepEqual(await berth('run', '--rm', 'busybox', 'sh', '-c', 'echo out; echo err >&2; exit 7'), {
      code: 7,
      stdout: 'out\n',
      stderr: 'err\n',
    });
    await using client = spawned(
      'run',
      '--rm',
      '--name',
      'victim',
      'busybox',
      'sh',
      '-c',
      'echo ready; sleep 600',
    );
    await client.prints('ready');
    await ok('kill', 'victim');
    assert.equal(await client.exit(), 137);
  });

  it('hands its input on, and the end of it', async () => {
    const input = 'x'.repeat(5_000_000);
    assert.equal(
      (await daemon.run(BERTH, ['run', '-i', '--rm', 'busybox', 'wc', '-c'], { input })).stdout.trim(),
      '5000000',
    );
  });

  it('hands on all of the output before it ends', async () => {
    const { stdout } = await berth(
      'run',
      '--rm',
      'busybox',
      'sh',
      '-c',
      'head -c 20000000 /dev/zero | tr "\\0" x; echo end',
    );
    assert.equal(stdout.length, 20_000_004);
    assert.ok(stdout.endsWith('xend\n'));
  });

  it('does so in Node too, where there is no Bun', async () => {
    const inNode = (args: readonly string[], input?: string) =>
      daemon.run(BERTH, args, { env: { BERTH_CLI_RUNTIME: 'node' }, ...(input && { input }) });
    assert.deepEqual(
      await inNode(['run', '--rm', '-i', 'busybox', 'sh', '-c', 'cat; echo err >&2; exit 7'], 'in'),
      { code: 7, stdout: 'in', stderr: 'err\n' },
    );
    const wait = 'trap "exit 5" USR1; echo up; while :; do sleep 0.1; done';
    await using client = new Client(
      spawn(BERTH, ['run', '--rm', 'busybox', 'sh', '-c', wait], {
        env: { ...daemon.environment, BERTH_CLI_RUNTIME: 'node' },
        stdio: 'pipe',
      }),
    );
    await client.prints('up');
    client.signal('SIGUSR1');
    assert.equal(await client.exit(), 5);
  });

  it('-d prints the id; --cidfile holds it; --rm removes it', async () => {
    const file = join(scratch, 'cid');
    const id = await ok('run', '-d', '--rm', '--cidfile', file, 'busybox', 'sleep', '0.1');
    assert.match(id, /^[0-9a-f]{64}$/);
    assert.equal(readFileSync(file, 'utf8'), id);
    await eventually('the container is gone', async () => (await berth('inspect', id)).code === 1);
    const again = await berth('run', '--cidfile', file, 'busybox', 'true');
    assert.deepEqual([again.code, /container ID file found/.test(again.stderr)], [125, true]);
  });

  it('leaves no container and no empty cidfile behind when it fails', async () => {
    const file = join(scratch, 'none');
    assert.equal(
      (await berth('run', '--rm', '--cidfile', file, '--name', 'left', 'nothing-of-this-name', 'true')).code,
      125,
    );
    assert.equal((await berth('run', '--rm', '--name', 'left', 'busybox', 'nothing')).code, 127);
    assert.ok(!existsSync(file));
    assert.equal(await ok('ps', '-aq', '--filter', 'name=left'), '');
  });

  it('hands signals on', async () => {
    await using client = spawned(
      'run',
      '--rm',
      'busybox',
      'sh',
      '-c',
      'trap "echo caught; exit 4" TERM; echo ready; while :; do sleep 0.05; done',
    );
    await client.prints('ready');
    client.signal('SIGTERM');
    assert.equal(await client.exit(), 4);
    assert.match(client.stdout, /caught/);
  });

  it('--sig-proxy=false keeps them: the client dies, the container does not', async () => {
    await using client = spawned(
      'run',
      '--name',
      'deaf',
      '--sig-proxy=false',
      'busybox',
      'sh',
      '-c',
      'echo ready; sleep 600',
    );
    await client.prints('ready');
    client.signal('SIGTERM');
    assert.equal(await client.exit(), 255);
    assert.equal(await ok('inspect', '-f', '{{.State.Running}}', 'deaf'), 'true');
  });

  it('reads an env file as Docker does, and Node does not read it', async () => {
    const file = join(scratch, 'env');
    writeFileSync(file, '# comment\nA="quoted"\nNODE_OPTIONS=--frobnicate\n');
    const { stdout, stderr } = await berth('run', '--rm', '--env-file', file, 'busybox', 'env');
    assert.match(stdout, /^A="quoted"$/m, stderr);
    assert.match(stdout, /^NODE_OPTIONS=--frobnicate$/m);
  });
});

describe('on a terminal', () => {
  it('is a shell of the right size', async () => {
    await using client = onTerminal('run', '-it', '--rm', 'busybox', 'sh');
    await client.prints('/ # ');
    client.write('stty size; echo $((40 + 2)) is it\r');
    await client.prints(/33 77[\s\S]*42 is it/);
    client.write('exit 6\r');
    assert.equal(await client.exit(), 6);
  });

  it('detaches by keys, and attaches again', async () => {
    await using first = onTerminal('run', '-it', '--name', 'kept', 'busybox', 'sh');
    await first.prints('/ # ');
    first.write('\x10\x11');
    assert.equal(await first.exit(), 0);
    await using second = onTerminal('attach', '--detach-keys', 'ctrl-a,d', 'kept');
    await second.prints('/ # ');
    second.write('echo still $((1 + 1))\r');
    await second.prints('still 2');
    second.write('\x01d');
    assert.equal(await second.exit(), 1);
    assert.match(second.stdout, /read escape sequence/);
    assert.equal(await ok('inspect', '-f', '{{.State.Running}}', 'kept'), 'true');
  });

  it('shows the progress of a pull in place', async () => {
    const messages = [
      '{"status":"Downloading","id":"abc","progressDetail":{"current":5,"total":10}}',
      '{"status":"Pull complete","id":"abc"}',
      '{"status":"Done"}',
    ];
    const server = createServer((socket) => {
      socket
        .on('error', () => {})
        .once('data', () => {
          socket.end(
            `HTTP/1.1 200 OK\r\nApi-Version: 1.56\r\nConnection: close\r\n\r\n${messages.join('\r\n')}\r\n`,
          );
        });
    });
    const path = join(scratch, 'registry.sock');
    await new Promise<void>((resolve) => server.listen(path, resolve));
    await using client = onTerminal('-H', `unix://${path}`, 'pull', 'app:1');
    assert.equal(await client.exit(), 0);
    server.close();
    assert.match(client.stdout, /abc: Downloading 5B\/10B/);
    assert.ok(client.stdout.includes('\x1b[1A\x1b[2K\rabc: Pull complete'));
  });
});

describe('berth exec', () => {
  before(() => ok('run', '-d', '--name', 'host', 'busybox', 'sleep', '600'));

  it('ends as the command ends, with input and both outputs', async () => {
    const run = await daemon.run(BERTH, ['exec', '-i', 'host', 'sh', '-c', 'cat; echo err >&2; exit 5'], {
      input: 'in',
    });
    assert.deepEqual(run, { code: 5, stdout: 'in', stderr: 'err\n' });
  });

  it('-d goes on without the client', async () => {
    await ok('exec', '-d', 'host', 'sh', '-c', 'sleep 0.2; touch /done');
    await eventually(
      'the command ran',
      async () => (await berth('exec', 'host', 'test', '-e', '/done')).code === 0,
    );
  });

  it('-t has a terminal', async () => {
    await using client = onTerminal('exec', '-it', 'host', 'sh', '-c', 'stty size; tty; exit 3');
    assert.equal(await client.exit(), 3);
    assert.match(client.stdout, /33 77\r\n\/dev\/pts\/\d/);
  });
});

describe('berth cp', () => {
  before(() =>
    ok(
      'run',
      '-d',
      '--name',
      'files',
      'busybox',
      'sh',
      '-c',
      'mkdir -p /tree/sub; echo one > /tree/one; echo two > /tree/sub/two; ln -s one /tree/link; ln -s /tree /short; sleep 600',
    ),
  );
  const local = (...parts: readonly string[]) => join(scratch, 'cp', ...parts);
  const inside = (script: string) => ok('exec', 'files', 'sh', '-c', script);
  before(() => {
    mkdirSync(local('from', 'deep'), { recursive: true });
    writeFileSync(local('from', 'file'), 'content');
    writeFileSync(local('from', 'deep', 'empty'), '');
    symlinkSync('file', local('from', 'link'));
  });

  it('out: a file, a directory, its contents, what a link points to', async () => {
    await ok('cp', 'files:/tree/one', local('copy'));
    assert.equal(readFileSync(local('copy'), 'utf8'), 'one\n');
    await ok('cp', 'files:/tree', local('tree'));
    await ok('cp', 'files:/tree', local('tree'));
    assert.equal(readFileSync(local('tree', 'tree', 'sub', 'two'), 'utf8'), 'two\n');
    mkdirSync(local('flat'));
    await ok('cp', 'files:/tree/.', local('flat'));
    assert.equal(readFileSync(local('flat', 'link'), 'utf8'), 'one\n');
    await ok('cp', '-L', 'files:/tree/link', local('followed'));
    assert.equal(readFileSync(local('followed'), 'utf8'), 'one\n');
  });

  it('in: a file, a directory, its contents, through a link to a directory', async () => {
    await ok('cp', local('from', 'file'), 'files:/renamed');
    assert.equal(await inside('cat /renamed; stat -c %u /renamed'), 'content0');
    await ok('cp', local('from'), 'files:/tree');
    assert.equal(await inside('cat /tree/from/link; ls /tree/from/deep'), 'contentempty');
    await ok('cp', `${local('from')}/.`, 'files:/tree/sub');
    assert.equal(await inside('ls /tree/sub'), 'deep\nfile\nlink\ntwo');
    await ok('cp', local('from', 'file'), 'files:/short');
    assert.equal(await inside('cat /tree/file'), 'content');
  });

  it('by tar archives on standard input and output', async () => {
    const tar = execFileSync('tar', ['-C', local('from'), '-c', 'file']);
    assert.equal((await daemon.run(BERTH, ['cp', '-', 'files:/tmp'], { input: tar })).code, 0);
    assert.equal(await inside('cat /tmp/file'), 'content');
    const child = spawn(BERTH, ['cp', 'files:/tree/one', '-'], {
      env: daemon.environment,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const listed = spawn('tar', ['-t'], { stdio: [child.stdout, 'pipe', 'inherit'] });
    assert.equal(await text(listed.stdout), 'one\n');
  });
});

describe('images through files', () => {
  it('save and load, import and export', async () => {
    const file = join(scratch, 'image.tar');
    await ok('tag', 'busybox', 'saved:1');
    await ok('save', '-o', file, 'saved:1');
    assert.equal(await ok('rmi', 'saved:1'), 'Untagged: saved:1');
    assert.equal(await ok('load', '-i', file), 'Loaded image: saved:1');
    await ok('create', '--name', 'exported', 'busybox');
    await ok('export', '-o', join(scratch, 'fs.tar'), 'exported');
    assert.match(
      await ok('import', '-c', 'CMD ["echo", "imported"]', join(scratch, 'fs.tar'), 'imported:1'),
      /^sha256:/,
    );
    assert.equal(await ok('run', '--rm', 'imported:1'), 'imported');
  });

  it('nothing is left of a file that could not be written', async () => {
    const { code, stderr } = await berth('save', '-o', join(scratch, 'nothing/image.tar'), 'busybox');
    assert.equal(code, 1);
    assert.match(stderr, /invalid output path: .*no such file or directory/);
    assert.equal((await berth('save', '-o', join(scratch, 'never.tar'), 'nothing-of-this-name')).code, 1);
    assert.deepEqual(execFileSync('find', [scratch, '-name', '*.part']).toString(), '');
    assert.ok(!existsSync(join(scratch, 'never.tar')));
  });
});

describe('the rest of the day', () => {
  it('start, stop, restart, kill, pause, rename, update, wait, rm', async () => {
    await ok('create', '--name', 'day', 'busybox', 'sleep', '600');
    assert.equal(await ok('start', 'day'), 'day');
    assert.equal(await ok('pause', 'day'), 'day');
    assert.equal(await ok('unpause', 'day'), 'day');
    assert.equal(
      await ok('update', '--memory', '64m', '--memory-swap', '-1', '--restart', 'on-failure:2', 'day'),
      'day',
    );
    assert.equal(
      await ok('inspect', '-f', '{{.HostConfig.Memory}} {{.HostConfig.RestartPolicy.Name}}', 'day'),
      '67108864 on-failure',
    );
    assert.equal(await ok('restart', '-t', '0', 'day'), 'day');
    assert.equal(await ok('rename', 'day', 'night'), '');
    assert.equal(await ok('kill', '-s', 'KILL', 'night'), 'night');
    assert.equal(await ok('wait', 'night'), '137');
    assert.equal(await ok('rm', 'night'), 'night');
  });

  it('start -a shows the output and ends as the container', async () => {
    await ok('create', '--name', 'again', '-i', 'busybox', 'sh', '-c', 'cat; exit 3');
    assert.deepEqual(await daemon.run(BERTH, ['start', '-ai', 'again'], { input: 'typed' }), {
      code: 3,
      stdout: 'typed',
      stderr: '',
    });
  });

  it('logs -f ends with the container, events with their time', async () => {
    await ok('run', '-d', '--name', 'talker', 'busybox', 'sh', '-c', 'echo one; sleep 0.3; echo two');
    assert.equal(await ok('logs', '-f', 'talker'), 'one\ntwo');
    assert.match(
      await ok(
        'events',
        '--since',
        '1m',
        '--until',
        '0s',
        '--filter',
        'container=talker',
        '--format',
        '{{.Action}}',
      ),
      /create\n[\s\S]*start\n[\s\S]*die/,
    );
  });

  it('stats, volumes, networks, system', async () => {
    await ok('run', '-d', '--name', 'busy', 'busybox', 'sleep', '600');
    assert.match(await ok('stats', '--no-stream', '--format', '{{.Name}} {{.PIDs}}', 'busy'), /^busy 1$/);
    assert.equal(await ok('volume', 'create', '--label', 'a=b', 'shelf'), 'shelf');
    assert.match(
      await ok('volume', 'ls', '--format', '{{.Name}} {{.Label "a"}}', '--filter', 'name=shelf'),
      /^shelf b$/,
    );
    assert.equal(await ok('volume', 'rm', 'shelf'), 'shelf');
    assert.match(await ok('system', 'df'), /^TYPE +TOTAL +ACTIVE +SIZE +RECLAIMABLE\nImages /);
    assert.match(await ok('info'), /\n Server Version: /);
    assert.match(await ok('system', 'migrate-snapshots'), /: 0 converted, [1-9]\d* were so before\.$/);
    assert.match(await ok('image', 'verify'), /^[1-9]\d* verified, 0 damaged, 0 repaired$/m);
    assert.match(
      await ok('version', '-f', '{{.Client.APIVersion}} {{.Server.APIVersion}}'),
      /^(\d\.\d+) \1$/,
    );
  });

  it('through ssh: system dial-stdio joins STDIN and STDOUT to the daemon', async () => {
    const input = 'GET /_ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';
    const { stdout } = await daemon.run(BERTH, ['system', 'dial-stdio'], { input });
    assert.match(stdout, /^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\nOK$/);
  });
});

describe('completion', () => {
  before(() => ok('create', '--name', 'completed-name', 'busybox'));

  it('in bash offers commands, options and names', () => {
    const complete = (line: string) => {
      const script = `PATH="${BERTH.slice(0, -6)}:$PATH"; source <(berth completion bash); read -ra COMP_WORDS <<< "$1"; [[ $1 == *' ' ]] && COMP_WORDS+=(''); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _berth 2>/dev/null; printf '%s\\n' "\${COMPREPLY[@]}"`;
      return spawnSync('bash', ['--norc', '-c', script, 'bash', line], {
        env: daemon.environment,
        encoding: 'utf8',
      })
        .stdout.trim()
        .split('\n');
    };
    assert.deepEqual(complete('berth vol'), ['volume']);
    assert.deepEqual(complete('berth ps --no'), ['--no-trunc']);
    assert.deepEqual(complete('berth rm completed'), ['completed-name']);
    assert.ok(complete('berth run ').includes('busybox'));
  });
});
