import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import * as packet from 'dns-packet';
import { Daemon, eventually } from '../fixtures/daemon.ts';

const run = promisify(execFile);

/** On the host's loopback, as systemd-resolved is; nobody else's. */
const UPSTREAM = `127.${randomInt(2, 250)}.${randomInt(2, 250)}.53`;
const asked: string[] = [];
let upstream: Socket;

const daemon = Daemon.forThisFile(
  { resolvConf: `nameserver ${UPSTREAM}\nsearch lan.example\n` },
  async () => {
    upstream = createSocket('udp4');
    upstream.on('message', (message, { port, address }) => {
      const query = packet.decode(message);
      const [question] = query.questions ?? [];
      asked.push(question?.name ?? '');
      const known = question?.name === 'www.example.org' && question.type === 'A';
      const reply = packet.encode({
        type: 'response',
        id: query.id ?? 0,
        flags: known ? 0 : 3,
        questions: query.questions ?? [],
        answers: known ? [{ type: 'A', name: 'www.example.org', ttl: 60, data: '192.0.2.80' }] : [],
      });
      upstream.send(reply, port, address);
    });
    upstream.bind(53, UPSTREAM);
    await once(upstream, 'listening');
  },
);
after(() => upstream.close());

const start = (name: string, ...flags: readonly string[]) =>
  daemon.ok('run', '-d', '--name', name, '--hostname', name, ...flags, 'busybox', 'sleep', '1000');

/** dig inside a container's network. */
async function dig(container: string, ...args: readonly string[]): Promise<string> {
  const pid = String(await daemon.inspect(container, '.State.Pid'));
  const flags = ['@127.0.0.11', '+tries=3', '+time=5', '+short', ...args];
  return (await run('nsenter', ['-t', pid, '-n', 'dig', ...flags])).stdout.trim();
}

const addressOn = async (container: string, network: string): Promise<string> =>
  String(await daemon.inspect(container, `.NetworkSettings.Networks.${network}.IPAddress`));

describe('names', () => {
  before(async () => {
    await daemon.ok('network', 'create', 'front');
    await start('web', '--network', 'front', '--network-alias', 'svc', '--expose', '8080');
    await start('api', '--network', 'front', '--network-alias', 'svc');
    await start('lone');
    await start('other');
  });

  it('containers find each other by every name they have, on the default bridge too', async () => {
    const web = await addressOn('web', 'front');
    const id = String(await daemon.inspect('web', '.Id')).slice(0, 12);
    for (const name of ['web', 'WEB', 'web.front', id]) assert.equal(await dig('api', name), web, name);
    assert.equal(await dig('api', '+tcp', 'web'), web);
    assert.equal(await dig('lone', 'other'), await addressOn('other', 'bridge'));
    assert.match(
      await daemon.ok('exec', 'lone', 'nslookup', 'other.bridge'),
      /Address:\s+172\.|Address:\s+192\./,
    );
  });

  it('an alias of several is all of them; addresses and services have names', async () => {
    const both = [await addressOn('web', 'front'), await addressOn('api', 'front')];
    assert.deepEqual((await dig('web', 'svc')).split('\n').toSorted(), both.toSorted());
    assert.equal(await dig('api', '-x', both[0] ?? ''), 'web.front.');
    assert.equal(await dig('api', '_8080._tcp.svc', 'SRV'), '0 0 8080 web.front.');
    assert.equal(await dig('api', 'web', 'MX'), '');
  });

  it('other networks do not know them', async () => {
    assert.equal(await dig('lone', 'web'), '');
    assert.equal(await dig('web', 'lone'), '');
  });

  it('a link is known to who has it', async () => {
    await start('linking', '--network', 'front', '--link', 'web:database');
    assert.equal(await dig('linking', 'database'), await addressOn('web', 'front'));
    assert.equal(await dig('api', 'database'), '');
    await daemon.ok('rm', '-f', 'linking');
  });

  it('follow connect, disconnect, rename and the end of a container', async () => {
    await daemon.ok('network', 'connect', '--alias', 'guest', 'front', 'lone');
    assert.equal(await dig('web', 'guest'), await addressOn('lone', 'front'));
    assert.equal(await dig('lone', 'web'), await addressOn('web', 'front'));
    await daemon.ok('network', 'disconnect', 'front', 'lone');
    assert.deepEqual([await dig('web', 'guest'), await dig('lone', 'web')], ['', '']);
    await daemon.ok('rename', 'api', 'api2');
    assert.equal(await dig('web', 'api2'), await addressOn('api2', 'front'));
    assert.equal(await dig('web', 'api'), await addressOn('api2', 'front'), 'its hostname stays');
    await daemon.ok('rm', '-f', 'api2');
    assert.equal(await dig('web', 'api2'), '');
  });

  it('who joins a container has its resolver', async () => {
    const out = await daemon.ok(
      'run',
      '--rm',
      '--network',
      'container:web',
      'busybox',
      'nslookup',
      'web.front',
    );
    assert.ok(out.includes(await addressOn('web', 'front')));
  });
});

describe('other names', () => {
  it("are asked of the host's resolver on its loopback; those of containers never", async () => {
    assert.equal(await dig('web', 'www.example.org'), '192.0.2.80');
    assert.equal(await dig('web', 'www.example.org'), '192.0.2.80');
    assert.equal(asked.filter((name) => name === 'www.example.org').length, 1);
    const before = asked.length;
    const address = await addressOn('web', 'front');
    for (const args of [['web'], ['web.front'], ['svc', 'AAAA'], ['web', 'TXT'], ['-x', address]]) {
      await dig('web', ...args);
    }
    assert.deepEqual(asked.slice(before), []);
  });

  it('nor those of containers that do not run, by any name, whoever the daemon is; until they are no more', async () => {
    const away = ['gone', 'gone.front', 'spare', 'spare.front', 'gone-host', 'new'];
    const flags = ['--network', 'front', '--network-alias', 'spare', '--hostname', 'gone-host'];
    await daemon.ok('run', '-d', '--name', 'gone', ...flags, 'busybox', 'sleep', '1000');
    await daemon.ok('create', '--name', 'new', '--network', 'front', 'busybox');
    await daemon.ok(
      'run',
      '-d',
      '--name',
      'linker',
      '--network',
      'front',
      '--link',
      'gone:db',
      'busybox',
      'sleep',
      '1000',
    );
    assert.equal(await dig('web', 'spare'), await addressOn('gone', 'front'));
    await daemon.ok('stop', '-t', '0', 'gone');
    const leaked = async (container: string, names: readonly string[]) => {
      const before = asked.length;
      for (const name of names) assert.equal(await dig(container, name), '');
      return asked.slice(before);
    };
    assert.deepEqual(await leaked('web', away), []);
    assert.deepEqual(await leaked('linker', ['db', 'GONE', '_http._tcp.gone']), []);
    // On another network nobody knows of it.
    assert.deepEqual(await leaked('lone', ['gone']), ['gone']);
    await daemon.kill9();
    await daemon.start();
    assert.deepEqual(await leaked('web', ['gone', 'spare.front', 'new']), []);
    await daemon.ok('rename', 'gone', 'renamed');
    assert.deepEqual(await leaked('web', ['renamed', 'gone']), ['gone']);
    await daemon.ok('network', 'disconnect', 'front', 'new');
    await daemon.ok('rm', '-f', 'renamed', 'linker');
    assert.deepEqual(await leaked('web', ['renamed', 'new', 'spare']), ['renamed', 'new', 'spare']);
    await daemon.ok('rm', 'new');
  });

  it('a server that asks back whoever asks it gets a failure, not a question for ever', async () => {
    await start('circle', '--network', 'front', '--dns', '127.0.0.1');
    const pid = String(await daemon.inspect('circle', '.State.Pid'));
    const script = `
      const { createSocket } = require('dgram');
      const server = createSocket('udp4');
      server.on('message', (question, { port, address }) => {
        console.log('asked');
        const back = createSocket('udp4');
        back.on('message', (answer) => { server.send(answer, port, address); back.close(); });
        back.send(question, 53, '127.0.0.11');
      });
      server.bind(53, '127.0.0.1', () => console.log('serves'));`;
    const circle = spawn('nsenter', ['-t', pid, '-n', process.execPath, '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let printed = '';
    circle.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text));
    try {
      await eventually('it serves', () => printed.includes('serves'));
      const flags = ['-t', pid, '-n', 'dig', '@127.0.0.11', '+tries=1', '+time=30'];
      const going = run('nsenter', [...flags, 'circle.example.org']);
      await eventually('it is asked', () => printed.includes('asked'));
      assert.equal(await dig('circle', 'web'), await addressOn('web', 'front'));
      assert.equal(await dig('web', 'www.example.org'), '192.0.2.80');
      assert.match((await going).stdout, /status: SERVFAIL/);
      assert.ok((printed.match(/asked/g)?.length ?? 0) <= 8, printed);
    } finally {
      circle.kill('SIGKILL');
    }
    await daemon.ok('rm', '-f', 'circle');
  });

  it('a flood of questions and of garbage starves neither the daemon nor the others', async () => {
    const pid = String(await daemon.inspect('web', '.State.Pid'));
    const script = `
      const socket = require('dgram').createSocket('udp4');
      const header = Buffer.from('000001000001000000000000', 'hex');
      socket.on('error', () => {});
      socket.connect(53, '127.0.0.11', () => {
        let id = 0;
        const name = () => {
          const label = Buffer.from('x' + id++);
          return Buffer.concat([header, Buffer.of(label.length), label, Buffer.from('076578616d706c65036f72670000010001', 'hex')]);
        };
        const burst = () => {
          for (let n = 0; n < 200; n++) {
            socket.send(name(), () => {});
            socket.send(require('crypto').randomBytes(1 + (id % 200)), () => {});
          }
          setImmediate(burst);
        };
        burst();
        console.log('floods');
      });`;
    const flood = spawn('nsenter', ['-t', pid, '-n', process.execPath, '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      await once(flood.stdout, 'data');
      const address = await addressOn('lone', 'bridge');
      for (let round = 0; round < 10; round++) {
        assert.equal(await dig('lone', 'lone'), address);
        assert.equal(await dig('lone', 'www.example.org'), '192.0.2.80');
        assert.match(await daemon.ok('ps', '--format', '{{.Names}}'), /^web$/m);
        await daemon.ok('run', '--rm', '--network', 'front', 'busybox', 'true');
      }
      assert.equal(flood.exitCode, null);
    } finally {
      flood.kill('SIGKILL');
    }
    await eventually(
      'the one that flooded is served again',
      async () => (await dig('web', 'www.example.org')) === '192.0.2.80',
    );
    assert.doesNotMatch(daemon.log, /DNS queries has ended/);
  });

  it('nothing leaves an internal network', async () => {
    await daemon.ok('network', 'create', '--internal', 'inside');
    await start('shut', '--network', 'inside');
    assert.equal(await dig('shut', 'secret.example.org'), '');
    assert.equal(await dig('shut', 'shut'), await addressOn('shut', 'inside'));
    assert.deepEqual(
      asked.filter((name) => /secret|^shut/.test(name)),
      [],
    );
    await daemon.ok('rm', '-f', 'shut');
    await daemon.ok('network', 'rm', 'inside');
  });
});

describe('resolv.conf', () => {
  it('names the resolver and whom it asks; what somebody has made of it stays', async () => {
    const read = () => daemon.ok('exec', 'web', 'cat', '/etc/resolv.conf');
    const text = await read();
    assert.match(text, /^nameserver 127\.0\.0\.11\nsearch lan\.example\noptions ndots:0$/m);
    assert.ok(text.includes(`# ExtServers: [host(${UPSTREAM})]`));
    await daemon.ok('exec', 'web', 'sh', '-c', 'echo "nameserver 10.9.9.9" >/etc/resolv.conf');
    await daemon.ok('restart', '-t', '0', 'web');
    assert.equal(await read(), 'nameserver 10.9.9.9');
  });

  it('--dns, --dns-search and --dns-opt', async () => {
    const flags = ['--dns', '10.1.1.1', '--dns-search', 'sea.example', '--dns-opt', 'ndots:2'];
    const text = await daemon.ok('run', '--rm', ...flags, 'busybox', 'cat', '/etc/resolv.conf');
    assert.match(text, /^search sea\.example\noptions ndots:2$/m);
    assert.match(text, /ExtServers: \[10\.1\.1\.1\]\n# Overrides: \[nameservers search options\]/);
  });

  it('is the host’s with --network host, and empty with none', async () => {
    const read = (network: string) =>
      daemon.ok('run', '--rm', '--network', network, 'busybox', 'cat', '/etc/resolv.conf');
    assert.match(await read('host'), new RegExp(`^nameserver ${UPSTREAM}$`, 'm'));
    assert.equal(await read('none'), '');
  });
});

describe('the daemon is killed', () => {
  it('and lookups go on without an error', async () => {
    const web = await addressOn('web', 'front');
    const answers: string[] = [];
    let running = true;
    const pid = String(await daemon.inspect('web', '.State.Pid'));
    const lookups = (async () => {
      while (running) {
        const flags = ['@127.0.0.11', '+tries=3', '+time=10', '+short', 'web'];
        answers.push((await run('nsenter', ['-t', pid, '-n', 'dig', ...flags])).stdout.trim());
      }
    })();
    for (let round = 0; round < 2; round++) {
      await eventually('a lookup', () => answers.length > 3 * round);
      await daemon.kill9();
      await sleep(100);
      await daemon.start();
    }
    await eventually('lookups after the last start', () => answers.length > 8);
    running = false;
    await lookups;
    assert.deepEqual(new Set(answers), new Set([web]));
    await daemon.ok('rm', '-f', 'web', 'lone', 'other');
    await daemon.ok('network', 'rm', 'front');
  });
});
