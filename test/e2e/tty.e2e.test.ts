import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Daemon, eventually } from '../fixtures/daemon.ts';
import { Terminal } from '../fixtures/terminal.ts';

const daemon = Daemon.forThisFile();

const DETACH = '\x10\x11';
const status = (name: string) => daemon.inspect(name, '.State.Status');

describe('docker run -t', () => {
  it('gives a terminal: one stream, \\r\\n, a device', async () => {
    const result = await daemon.docker('run', '--rm', '-t', 'busybox', 'sh', '-c', 'tty; echo err >&2');
    assert.match(result.stdout, /^\/dev\/(pts\/0|console)\r\nerr\r\n$/);
    assert.equal(result.stderr, '');
  });

  it('-it is a shell one can talk to', async () => {
    await using terminal = await Terminal.open(daemon, ['run', '-it', '--rm', 'busybox', 'sh']);
    await terminal.prints('/ # ');
    terminal.write('echo $((40 + 2)) is it\r');
    await terminal.prints('42 is it');
    terminal.write('exit 6\r');
    assert.equal(await terminal.exit(), 6);
  });

  it('has the size of the window, at once and when it changes', async () => {
    await using terminal = await Terminal.open(daemon, ['run', '-it', '--rm', 'busybox', 'sh'], {
      rows: 33,
      columns: 77,
    });
    await terminal.prints('/ # ');
    await eventually('the first size', async () => {
      terminal.write('stty size\r');
      return /33 77/.test(terminal.stdout);
    });
    await terminal.resize(50, 132);
    await eventually('the second size', async () => {
      terminal.write('stty size\r');
      return /50 132/.test(terminal.stdout);
    });
    terminal.write('exit\r');
    assert.equal(await terminal.exit(), 0);
  });

  it('Ctrl-C goes to the program, not to the client', async () => {
    await using terminal = await Terminal.open(daemon, [
      'run',
      '-it',
      '--rm',
      'busybox',
      'sh',
      '-c',
      'trap "echo caught; exit 9" INT; echo ready; while :; do sleep 0.05; done',
    ]);
    await terminal.prints('ready');
    terminal.write('\x03');
    assert.equal(await terminal.exit(), 9);
    assert.match(terminal.stdout, /caught/);
  });

  it('Ctrl-D ends the input', async () => {
    await using terminal = await Terminal.open(daemon, ['run', '-it', '--rm', 'busybox', 'cat']);
    terminal.write('line\r');
    await terminal.prints(/line\r\nline\r\n/);
    terminal.write('\x04');
    assert.equal(await terminal.exit(), 0);
  });

  it('is refused where the client has none', async () => {
    const result = await daemon.docker('run', '-it', '--rm', 'busybox', 'true');
    assert.equal(result.code, 1);
    assert.match(result.stderr, /the input device is not a TTY/);
    assert.equal(await daemon.ok('ps', '-aq'), '');
  });
});

describe('detaching', () => {
  it('Ctrl-P Ctrl-Q leaves the container running, attach takes it up again', async () => {
    await using first = await Terminal.open(daemon, ['run', '-it', '--name', 'shell', 'busybox', 'sh']);
    await first.prints('/ # ');
    first.write('note=kept\r');
    first.write(DETACH);
    assert.equal(await first.exit(), 0);
    assert.equal(await status('shell'), 'running');

    await using second = await Terminal.open(daemon, ['attach', 'shell']);
    await eventually('an echo', async () => {
      second.write('echo "[$note]"\r');
      return second.stdout.includes('[kept]');
    });
    second.write('exit 4\r');
    assert.equal(await second.exit(), 4);
    await daemon.ok('rm', 'shell');
  });

  it('--detach-keys changes the keys', async () => {
    await using terminal = await Terminal.open(daemon, [
      'run',
      '-it',
      '--name',
      'keys',
      '--detach-keys',
      'ctrl-x,x',
      'busybox',
      'cat',
    ]);
    terminal.write(`plain${DETACH.slice(0, 1)}\r`);
    await terminal.prints('plain');
    terminal.write('\x18x');
    assert.equal(await terminal.exit(), 0);
    assert.equal(await status('keys'), 'running');
    await daemon.ok('rm', '-f', 'keys');
  });

  it('half the keys are input like any other', async () => {
    await using terminal = await Terminal.open(daemon, [
      'run',
      '-it',
      '--rm',
      'busybox',
      'sh',
      '-c',
      'stty raw -echo; echo ready; head -c 2 | od -c',
    ]);
    await terminal.prints('ready');
    terminal.write('\x10z');
    await terminal.prints(/020\s+z/);
    assert.equal(await terminal.exit(), 0);
  });

  it('from an exec, which goes on', async () => {
    await daemon.ok('run', '-d', '--name', 'host', 'busybox', 'sleep', '600');
    await using terminal = await Terminal.open(daemon, ['exec', '-it', 'host', 'sh']);
    await terminal.prints('/ # ');
    terminal.write('sleep 4711\r');
    await eventually('it runs', async () => (await daemon.ok('top', 'host')).includes('sleep 4711'));
    terminal.write(DETACH);
    await terminal.exit();
    assert.match(await daemon.ok('top', 'host'), /sleep 4711/);
    await daemon.ok('rm', '-f', 'host');
  });
});

describe('docker exec -t', () => {
  it('has the size of the window and follows it', async () => {
    await daemon.ok('run', '-d', '--name', 'host', 'busybox', 'sleep', '600');
    await using terminal = await Terminal.open(daemon, ['exec', '-it', 'host', 'sh'], {
      rows: 21,
      columns: 61,
    });
    await eventually('the first size', async () => {
      terminal.write('stty size\r');
      return /21 61/.test(terminal.stdout);
    });
    await terminal.resize(44, 99);
    await eventually('the second size', async () => {
      terminal.write('stty size\r');
      return /44 99/.test(terminal.stdout);
    });
    terminal.write('exit 8\r');
    assert.equal(await terminal.exit(), 8);
    await daemon.ok('rm', '-f', 'host');
  });

  it('works in a container with a terminal of its own, and the log has only the first', async () => {
    await using terminal = await Terminal.open(daemon, ['run', '-it', '--name', 'both', 'busybox', 'sh']);
    await terminal.prints('/ # ');
    assert.equal(await daemon.ok('exec', 'both', 'echo', 'from exec'), 'from exec');
    terminal.write('echo from run\r');
    await terminal.prints(/\nfrom run/);
    terminal.write('exit\r');
    assert.equal(await terminal.exit(), 0);
    const log = await daemon.ok('logs', 'both');
    assert.match(log, /from run/);
    assert.doesNotMatch(log, /from exec/);
    await daemon.ok('rm', 'both');
  });
});
