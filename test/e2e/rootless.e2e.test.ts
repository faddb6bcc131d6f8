import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { makeAccount } from '../fixtures/account.ts';
import { Daemon, eventually } from '../fixtures/daemon.ts';
import { mountsBelow } from '../fixtures/footprint.ts';
import { patience } from '../fixtures/patience.ts';
import { asUser, endAll, giveTo, processesOf } from '../fixtures/rootless.ts';

const account = makeAccount();
const rootless = ['--rootless'];
let daemon: Daemon;

before(async () => {
  // cgroupfs, which many files of dockerd name, is none here.
  daemon = await Daemon.start({
    account,
    flags: [...rootless, '--exec-opt', 'native.cgroupdriver=cgroupfs'],
  });
  await daemon.importBusybox();
});
after(async () => {
  try {
    await daemon[Symbol.asyncDispose]();
    assert.deepEqual(processesOf(account), [], 'nothing runs when it has stopped');
  } finally {
    await endAll(account);
    account[Symbol.dispose]();
  }
});

const shell = (flags: readonly string[], script: string) =>
  daemon.ok('run', '--rm', ...flags, 'busybox', 'sh', '-c', script);
const start = (flags: readonly string[], script = 'sleep 1000') =>
  daemon.ok('run', '-d', ...flags, 'busybox', 'sh', '-c', script);
const remove = (...names: string[]) => daemon.ok('rm', '-f', '-v', ...names);
const refused = async (flags: readonly string[], reason: RegExp) => {
  const { code, stderr } = await daemon.docker('run', '--rm', ...flags, 'busybox', 'true');
  assert.equal(code, 125);
  assert.match(stderr, reason);
};
const owner = (path: string) => lstatSync(path).uid;
const holder = () => {
  const record = readFileSync(join(daemon.execRoot, 'rootless/holder.json'), 'utf8');
  return (JSON.parse(record) as { identity: { pid: number } }).identity.pid;
};
const answers = (url: string, text: string) =>
  eventually(`${text} from ${url}`, async () => {
    const answer = await fetch(url, { headers: { Connection: 'close' } }).catch(() => undefined);
    return (await answer?.text().catch(() => '')) === text;
  });
/** Node in a container, its own and its libraries the host's: busybox has no server of datagrams. */
const binds = [`${process.execPath}:/node:ro`, '/lib:/lib:ro', '/lib64:/lib64:ro'].flatMap((bind) => [
  '-v',
  bind,
]);
const SERVERS = `
  require('http').createServer((_, response) => response.end('one\\n')).listen(80);
  require('dgram').createSocket('udp6').on('message', function (m, r) { this.send(m, r.port, r.address); }).bind(7);
`;
const serve = (text: string) => `echo ${text} >/www/index.html; exec httpd -f -h /www`;

describe('berthd --rootless', () => {
  it("is an ordinary user's, says so, and what it cannot do", async () => {
    assert.equal(owner(`/proc/${daemon.pid}`), account.uid);
    assert.match(readFileSync(`/proc/${daemon.pid}/cmdline`, 'utf8'), /main\.ts|berthd/);
    const info = await daemon.docker(
      'info',
      '-f',
      '{{.CgroupDriver}} {{.SecurityOptions}} {{.DriverStatus}}',
    );
    assert.match(info.stdout, /^none .*name=rootless/);
    assert.match(info.stdout, /userxattr true/);
    assert.match((await daemon.docker('info')).stderr, /WARNING: Running in rootless-mode without cgroups/);
    const limited = await daemon.docker('run', '--rm', '-m', '64m', '--cpus', '1', 'busybox', 'echo', 'ran');
    assert.equal(limited.stdout, 'ran\n');
    assert.match(limited.stderr, /memory limit capabilities.*\n.*\n?.*CPU CFS/);
    const own = await daemon.berth('run', '--rm', '--userns', 'private', 'busybox', 'true');
    assert.match(own.stderr, /--userns=private: this engine runs in a user namespace itself/);
    const raised = await daemon.docker('run', '--rm', '--ulimit', 'nofile=9999999', 'busybox', 'true');
    assert.match(raised.stderr, /cut down to this host's hard limit/);
  });

  it('run, exec, logs, top, stats, cp, diff, commit, export', async () => {
    const name = await start(['-e', 'A=b'], 'echo said; touch /made; chown 5:6 /made; sleep 1000');
    const init = Number(await daemon.inspect(name, '.State.Pid'));
    assert.equal(owner(`/proc/${init}`), account.uid, 'root of a container is the user');
    await eventually('its log', async () => (await daemon.docker('logs', name)).stdout === 'said\n');
    assert.equal(await daemon.ok('exec', '-u', '33', name, 'sh', '-c', 'id -u; echo $A; cat'), '33\nb');
    assert.equal(await daemon.ok('exec', '-t', name, 'tty'), '/dev/pts/0');
    await daemon.ok('exec', '-d', name, 'touch', '/later');
    await eventually('the detached exec', async () => (await daemon.ok('diff', name)).includes('A /later'));
    assert.match(await daemon.ok('top', name), /sleep 1000/);
    assert.match(
      await daemon.ok('stats', '--no-stream', '--format', '{{.MemUsage}} {{.PIDs}}', name),
      /iB.* [1-9]/,
    );
    writeFileSync(join(daemon.root, 'file'), 'copied');
    await daemon.ok('cp', join(daemon.root, 'file'), `${name}:/copied`);
    assert.equal(await daemon.ok('exec', name, 'cat', '/copied'), 'copied');
    await daemon.ok('commit', name, 'committed');
    assert.equal(
      await daemon.ok('run', '--rm', 'committed', 'stat', '-c', '%u:%g', '/made', '/copied'),
      '5:6\n0:0',
    );
    const tar = execFileSync('docker', ['export', name], { env: daemon.environment, maxBuffer: 2 ** 28 });
    const list = execFileSync('tar', ['tv', '--numeric-owner'], { input: tar, encoding: 'utf8' });
    assert.match(list, / 5\/6 .* made\n/);
    const paused = await daemon.docker('pause', name);
    assert.equal(paused.code, 1);
    assert.match(paused.stderr, /a container can be paused only where it has a cgroup/);
    await daemon.ok('update', '--restart', 'no', '-m', '64m', name);
    await daemon.ok('stop', '-t', '0', name);
    assert.equal(await daemon.inspect(name, '.State.ExitCode'), 137);
    await remove(name);
    await daemon.ok('rmi', 'committed');
  });

  it('volumes, binds, tmpfs, devices, and the modes of namespaces', async () => {
    assert.equal(
      await shell(['-v', 'data:/d'], 'touch /d/f; chown 5:6 /d/f; stat -c %u:%g /d /d/f'),
      '0:0\n5:6',
    );
    const file = join(daemon.dataRoot, 'volumes/data/_data/f');
    assert.equal(owner(file), account.firstUid + 4, 'on disk it is one of the subordinate ids');
    assert.equal(await shell(['-v', 'data:/d:ro'], 'stat -c %u:%g /d/f; touch /d/g || echo no'), '5:6\nno');
    const home = join(daemon.root, 'home');
    assert.equal(await shell(['-v', `${home}:/h`], 'touch /h/mine; stat -c %u:%g /h/mine'), '0:0');
    assert.equal(owner(join(home, 'mine')), account.uid);
    assert.equal(
      await shell(['--tmpfs', '/t:size=1m', '--read-only'], 'touch /t/x && stat -f -c %T /t'),
      'tmpfs',
    );
    assert.equal(
      await shell(
        ['--device', '/dev/null:/dev/other'],
        'echo x >/dev/other && test -c /dev/other && echo ok',
      ),
      'ok',
    );
    assert.equal(await shell(['--privileged'], 'mount -t tmpfs t /tmp && test -c /dev/tty && echo ok'), 'ok');
    assert.equal(
      await shell(['--pid', 'host'], 'cat /proc/1/comm'),
      readFileSync('/proc/1/comm', 'utf8').trim(),
    );
    assert.match(await shell(['--network', 'host'], 'ip -o addr'), /169\.254\.2\.1|10\.0\.2\.100/);
    assert.equal(await shell(['--network', 'none', '--init'], 'ls /sys/class/net'), 'lo');
    const shared = await start(['--ipc', 'shareable']);
    assert.equal(
      await shell(
        ['--pid', `container:${shared}`, '--ipc', `container:${shared}`],
        'ps -o args | grep -c "^sleep 1000$"',
      ),
      '1',
    );
    // What shares another's processes leaves none behind.
    const guest = await start(['--pid', `container:${shared}`], 'sleep 2000 & sleep 3000');
    await eventually('its processes', async () =>
      (await daemon.ok('exec', shared, 'ps')).includes('sleep 2000'),
    );
    await remove(guest);
    await eventually('their end', async () => !/sleep [23]000/.test(await daemon.ok('exec', shared, 'ps')));
    await remove(shared);
    await daemon.ok('volume', 'rm', 'data');
  });

  it("images with owners beyond the user's ids, and with devices", async () => {
    const image = (script: string) =>
      spawnSync('sh', ['-ec', `d=$(mktemp -d); cd $d; ${script}; tar c --numeric-owner .; rm -rf $d`], {
        maxBuffer: 2 ** 28,
      }).stdout;
    await daemon.okWith(
      image('mknod console c 5 1; mkfifo pipe; touch f; chown 65000:65000 f'),
      'import',
      '-',
      'odd',
    );
    const name = await daemon.ok('create', 'odd', 'x');
    const tar = execFileSync('docker', ['cp', `${name}:/f`, '-'], { env: daemon.environment });
    assert.match(
      execFileSync('tar', ['tv', '--numeric-owner'], { input: tar, encoding: 'utf8' }),
      /65000\/65000/,
    );
    await remove(name);
    const input = image('touch f; chown 99999:0 f');
    const { code, stderr } = await daemon.run('docker', ['import', '-', 'beyond'], { input });
    assert.equal(code, 1);
    assert.match(stderr, /owner 99999:0.*subuid/);
    await daemon.ok('rmi', 'odd');
  });

  it('builds', async () => {
    const context = join(daemon.root, 'context');
    mkdirSync(context);
    writeFileSync(
      join(context, 'Dockerfile'),
      'FROM busybox\nRUN mkdir /b && touch /b/f && chown 7:8 /b/f\nCOPY Dockerfile /\n',
    );
    await daemon.ok('build', '-q', '-t', 'built', context);
    assert.equal(
      await daemon.ok('run', '--rm', 'built', 'stat', '-c', '%u:%g', '/b/f', '/Dockerfile'),
      '7:8\n0:0',
    );
    await daemon.ok('rmi', 'built');
  });
});

describe('the network of a rootless daemon', () => {
  it('ports are published on the host, also while there is no daemon, and freed again', async () => {
    const name = await daemon.ok(
      'run',
      '-d',
      ...binds,
      ...['80', '7/udp'].flatMap((port) => ['-p', `127.0.0.1:0:${port}`]),
      '-p',
      '80',
      'busybox',
      '/node',
      '-e',
      SERVERS,
    );
    const published = async (port: string) =>
      (await daemon.ok('port', name, port)).split('\n').map((line) => Number(line.split(':').at(-1)));
    const [first, second] = await published('80/tcp');
    const [udp] = await published('7/udp');
    for (const port of [first, second]) await answers(`http://127.0.0.1:${port}/`, 'one\n');
    await using socket = createSocket('udp4');
    let heard = '';
    socket.on('message', (data) => {
      heard += data.toString();
    });
    await eventually('an echo', () => {
      socket.send('ping', udp, '127.0.0.1');
      return heard.includes('ping');
    });
    // Taken, by us and by somebody else; and what an ordinary user may not have.
    await refused(['-p', `127.0.0.1:${first}:80`], /port is already allocated/);
    const other = createServer().listen(0, '127.0.0.1');
    await eventually('a port', () => other.listening);
    const taken = (other.address() as AddressInfo).port;
    await refused(['-p', `127.0.0.1:${taken}:80`], /address already in use/);
    other.close();
    await refused(['-p', '127.0.0.1:81:80'], /cannot expose privileged port 81/);
    await refused(['-p', '127.0.0.1:0:80/sctp'], /sctp ports cannot be published in rootless mode/);

    await daemon.kill9();
    await answers(`http://127.0.0.1:${first}/`, 'one\n');
    await daemon.start();
    await answers(`http://127.0.0.1:${first}/`, 'one\n');
    await remove(name);
    await eventually('the ports to be free', async () => {
      const results = await Promise.allSettled(
        [first, second].map((port) => fetch(`http://127.0.0.1:${port}/`)),
      );
      return results.every(({ status }) => status === 'rejected');
    });
  });

  it('containers reach each other, the host under its address, and not what listens on its loopback', async () => {
    const hostAddress = execFileSync(
      'sh',
      ['-c', "ip -4 route get 192.0.2.1 | sed -n 's/.* src \\([0-9.]*\\).*/\\1/p'"],
      { encoding: 'utf8' },
    ).trim();
    const everywhere = createServer((_, response) => response.end('host\n')).listen(0);
    const loopback = createServer((_, response) => response.end('secret\n')).listen(0, '127.0.0.1');
    await eventually('servers', () => everywhere.listening && loopback.listening);
    const [open, closed] = [everywhere, loopback].map((server) => (server.address() as AddressInfo).port);
    const peer = await start(['--network', 'bridge'], serve('peer'));
    const address = String(await daemon.inspect(peer, '.NetworkSettings.Networks.bridge.IPAddress'));
    try {
      await eventually(
        'an answer',
        async () =>
          (await daemon.docker('run', '--rm', 'busybox', 'wget', '-qO-', `http://${address}/`)).stdout ===
          'peer\n',
      );
      if (hostAddress) assert.equal(await shell([], `wget -qO- http://${hostAddress}:${open}/`), 'host');
      const gateway = (
        await shell(['--network', 'host'], "ip route | sed -n 's/default via \\([0-9.]*\\).*/\\1/p'")
      ).trim();
      const script = `for a in ${gateway} 127.0.0.1; do timeout 2 wget -qO- http://$a:${closed}/; done; echo end`;
      assert.equal(await shell(['--network', 'host'], script), 'end');
      assert.match(
        await shell([], 'cat /etc/resolv.conf'),
        /nameserver (169\.254\.2\.3|10\.0\.2\.3|127\.0\.0\.11)/,
      );
    } finally {
      everywhere.close();
      loopback.close();
      await remove(peer);
    }
  });
});

it('where there is no pasta, slirp4netns connects it', async () => {
  await using other = await Daemon.start({ account, flags: rootless, missing: ['/usr/bin/pasta'] });
  await other.importBusybox();
  const flags = ['-d', '--name', 'web', '-p', '127.0.0.1:0:80', 'busybox', 'sh', '-c', serve('slirped')];
  await other.ok('run', ...flags);
  const port = (await other.ok('port', 'web', '80')).split(':').at(-1);
  await answers(`http://127.0.0.1:${port}/`, 'slirped\n');
  const outside = createServer((_, response) => response.end('from the host')).listen(0);
  await eventually('a port', () => outside.listening);
  const address = execFileSync('hostname', ['-I'], { encoding: 'utf8' }).split(' ')[0];
  const url = `http://${address}:${(outside.address() as AddressInfo).port}/`;
  if (address?.trim())
    assert.equal(await other.ok('exec', 'web', 'wget', '-q', '-O', '-', url), 'from the host');
  outside.closeAllConnections();
  outside.close();
  const running = processesOf(account).map((pid) => readFileSync(`/proc/${pid}/comm`, 'utf8').trim());
  assert.ok(running.includes('slirp4netns'), running.join(' '));
});

describe('the life of a rootless daemon', () => {
  it('containers outlive a kill -9, and a stop; what they left is taken up', async () => {
    const name = await start(['-v', 'kept:/v', '--restart', 'always'], 'echo one >>/v/f; sleep 1000');
    const pid = await daemon.inspect(name, '.State.Pid');
    const before = holder();
    await daemon.kill9();
    await daemon.start();
    assert.equal(await daemon.inspect(name, '.State.Pid'), pid);
    assert.equal(holder(), before, 'in the same namespaces');
    assert.equal(await daemon.ok('exec', name, 'cat', '/v/f'), 'one');
    assert.equal(await daemon.stop(), 0);
    assert.ok(existsSync(`/proc/${before}`));
    await daemon.start();
    assert.equal(await daemon.ok('exec', name, 'cat', '/v/f'), 'one');
    await daemon.ok('restart', '-t', '0', name);
    assert.equal(await daemon.ok('exec', name, 'cat', '/v/f'), 'one\none');

    // Its namespaces can be entered no more: all that ran there ends, and what should run runs again.
    const old = Number(await daemon.inspect(name, '.State.Pid'));
    await daemon.kill9();
    process.kill(before, 'SIGKILL');
    await daemon.start();
    assert.notEqual(holder(), before);
    await eventually(
      'its new start',
      async () => ![0, old].includes(Number(await daemon.inspect(name, '.State.Pid'))),
    );
    await eventually(
      'its work',
      async () => (await daemon.docker('exec', name, 'cat', '/v/f')).stdout === 'one\none\none\n',
    );
    await remove(name);
    await daemon.ok('volume', 'rm', 'kept');
  });

  it('a stop leaves nothing behind', async () => {
    await start(['--name', 'last', '-p', '127.0.0.1:0:80']);
    await remove('last');
    assert.equal(await daemon.stop(), 0);
    const left = () => processesOf(account).map((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
    await eventually('the end of all processes', () => left().length === 0).catch(() =>
      assert.deepEqual(left(), []),
    );
    assert.deepEqual(mountsBelow(daemon.root), []);
    assert.deepEqual(readdirSync(join(daemon.execRoot, 'rootless')).sort(), ['lock', 'log']);
    await daemon.start();
  });
});

describe('what an ordinary user needs for it', () => {
  const attempt = (setup: string, ...flags: string[]) => {
    const place = join(daemon.root, 'attempt');
    const roots = { root: place, dataRoot: join(place, 'd'), execRoot: join(place, 'e') };
    for (const path of [place, roots.dataRoot, roots.execRoot]) mkdirSync(path, { recursive: true });
    if (!existsSync(join(place, 'home'))) giveTo(account, roots);
    const berthd = join(import.meta.dirname, '../../bin/berthd');
    const [unshare = '', ...rest] = asUser(account, roots, [
      berthd,
      ...flags,
      '--data-root',
      roots.dataRoot,
      '--exec-root',
      roots.execRoot,
    ]);
    return spawnSync(unshare, ['-m', 'sh', '-c', `${setup}; exec "$@"`, 'sh', unshare, ...rest], {
      encoding: 'utf8',
      timeout: 30_000 * patience,
    });
  };
  const fails = ({ status, stderr }: { status: number | null; stderr: string }, reason: RegExp) => {
    assert.match(stderr, reason);
    assert.equal(status, 1);
  };

  it('each thing that is missing is named, and how to get it', () => {
    fails(attempt(':'), /only root can run it like this: an ordinary user starts berthd --rootless/);
    fails(
      attempt('mount --bind /dev/null /etc/subuid', '--rootless'),
      new RegExp(`/etc/subuid has none for ${account.name}.*usermod`),
    );
    fails(
      attempt('mount --bind /dev/null /usr/bin/newuidmap', '--rootless'),
      /rootless mode needs newuidmap/,
    );
    const both = 'for f in pasta slirp4netns; do mount --bind /dev/null /usr/bin/$f; done';
    fails(attempt(both, '--rootless'), /needs pasta or slirp4netns.*apt-get install passt/);
    fails(attempt(':', '--rootless', '--userns-remap', 'default'), /userns-remap is not for rootless mode/);
    fails(attempt(':', '--rootless', '--group', 'x'), /there is no group to give it to/);
    fails(
      attempt(':', '--rootless', '--exec-opt', 'native.cgroupdriver=systemd'),
      /native.cgroupdriver=systemd is not for rootless mode/,
    );
    const root = spawnSync(join(import.meta.dirname, '../../bin/berthd'), ['--rootless'], {
      encoding: 'utf8',
      env: { ...process.env, XDG_RUNTIME_DIR: daemon.root },
    });
    fails(root, /--rootless is for ordinary users/);
  });

  it('a /dev/net/tun that cannot be opened is named', () => {
    const place = join(daemon.root, 'attempt');
    const berthd = join(import.meta.dirname, '../../bin/berthd');
    const [, , , , , , ...become] = asUser(account, { root: place }, [
      berthd,
      '--rootless',
      '--data-root',
      `${place}/d`,
      '--exec-root',
      `${place}/e`,
    ]);
    const script =
      'mount -t tmpfs tmpfs /mnt && mknod -m 600 /mnt/tun c 10 200 && mount --bind /mnt/tun /dev/net/tun; exec "$@"';
    const result = spawnSync('unshare', ['-m', 'sh', '-c', script, 'sh', ...become], { encoding: 'utf8' });
    fails(result, /needs \/dev\/net\/tun, which cannot be opened \(EACCES\): as root, chmod 0666/);
  });
});
