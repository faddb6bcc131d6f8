import assert from 'node:assert/strict';
import { type ChildProcess, execFile, execFileSync, fork, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { silentLogger } from '#lib/log';
import { Dns, type DnsClient } from './index.ts';
import { address, Upstream } from './upstream.fixture.ts';

const run = promisify(execFile);
const skip = process.getuid?.() === 0 ? false : 'needs root';

/** A network namespace with a name of its own. */
class Namespace implements Disposable {
  readonly name = `berth-dns-${randomBytes(3).toString('hex')}`;

  constructor() {
    execFileSync('ip', ['netns', 'add', this.name]);
    execFileSync('ip', ['-n', this.name, 'link', 'set', 'lo', 'up']);
  }

  get path(): string {
    return `/run/netns/${this.name}`;
  }

  /** Output of a command in it. */
  async exec(...command: readonly string[]): Promise<string> {
    return (await run('ip', ['netns', 'exec', this.name, ...command])).stdout.trim();
  }

  dig(...args: readonly string[]): Promise<string> {
    return this.exec('dig', '@127.0.0.11', '+tries=1', '+time=8', ...args);
  }

  [Symbol.dispose](): void {
    execFileSync('ip', ['netns', 'delete', this.name]);
  }
}

async function eventually(what: string, check: () => boolean | Promise<boolean>): Promise<void> {
  for (let waited = 0; !(await check()); waited += 20) {
    if (waited > 10_000) throw new Error(`it never happened: ${what}`);
    await sleep(20);
  }
}

const clientOf = (sandboxId: string, netns: Namespace, more: Partial<DnsClient> = {}): DnsClient => ({
  sandboxId,
  netns: netns.path,
  networks: [{ id: 'n', links: {} }],
  servers: [],
  external: true,
  ipv6: false,
  ndots: false,
  ...more,
});

describe('the resolver of a namespace', { skip }, () => {
  let directory = '';
  let dns: Dns;
  let netns: Namespace;
  let fds = 0;
  before(async () => {
    fds = openDescriptors();
    directory = mkdtempSync('/tmp/berth-dns-');
    netns = new Namespace();
    dns = await Dns.open({ directory, log: silentLogger });
    await dns.putNetwork({ id: 'n', name: 'net', subnets: ['10.1.0.0/16'] });
    await dns.prepare('s', netns.path);
    await dns.serve(clientOf('s', netns));
    const endpoint = { networkId: 'n', containerId: 'c', ports: ['80/tcp'] };
    await dns.putEndpoint({ ...endpoint, names: ['web', 'www'], addresses: ['10.1.0.2', 'fd00::2'] });
  });
  after(async () => {
    await dns.release('s');
    await dns.close();
    assert.equal(existsSync(join(directory, 'holder.json')), false);
    rmSync(directory, { recursive: true });
    netns[Symbol.dispose]();
    assert.equal(openDescriptors(), fds);
  });

  it('answers by UDP and TCP, with EDNS and without', async () => {
    assert.equal(await netns.dig('+short', 'web'), '10.1.0.2');
    assert.equal(await netns.dig('+short', '+tcp', 'www.net'), '10.1.0.2');
    assert.equal(await netns.dig('+short', '+noedns', 'WEB', 'AAAA'), 'fd00::2');
    assert.equal(await netns.dig('+short', '-x', '10.1.0.2'), 'web.net.');
    assert.equal(await netns.dig('+short', '_80._tcp.web', 'SRV'), '0 0 80 web.net.');
    const whole = await netns.dig('+qr', 'web', 'MX');
    assert.match(whole, /status: NOERROR[\s\S]*ANSWER: 0/);
    assert.match(whole, /EDNS: version: 0/);
    assert.doesNotMatch(whole, /warning|malformed/i);
  });

  it('several questions on one connection', async () => {
    assert.equal(
      await netns.dig('+short', '+tcp', '+keepopen', 'web', 'www', 'web', 'AAAA'),
      '10.1.0.2\n10.1.0.2\nfd00::2',
    );
  });

  it('leaves port 53 to the container', async () => {
    await netns.exec(
      process.execPath,
      '-e',
      `const s = require('dgram').createSocket('udp4'); s.bind(53, () => {
        require('net').createServer().listen(53, '0.0.0.0', () => process.exit()); });`,
    );
    assert.equal(await netns.exec('sh', '-c', 'cat /proc/net/nf_conntrack 2>/dev/null | wc -l'), '0');
  });

  it('asks upstreams from the namespace, or from the host', async () => {
    await using outside = await Upstream.start(address('192.0.2.1'));
    const { port } = outside;
    const server = (fromHost: boolean) => [{ address: '127.0.0.1', port, fromHost }];
    await dns.serve(clientOf('s', netns, { servers: server(true) }));
    assert.equal(await netns.dig('+short', 'example.org'), '192.0.2.1');
    // Of this namespace's own loopback, nobody answers there.
    await dns.serve(clientOf('s', netns, { servers: server(false) }));
    assert.match(await netns.dig('example.org'), /SERVFAIL/);
    const inside = spawn('ip', ['netns', 'exec', netns.name, process.execPath, '-e', echo(port)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(inside.stdout, 'data');
    assert.match(await netns.dig('example.org'), /NXDOMAIN/);
    assert.match(await netns.dig('+ignore', 'www.example.org'), /NXDOMAIN/);
    inside.kill();
    await once(inside, 'exit');
    assert.deepEqual(outside.asked, ['A example.org']);
    await dns.serve(clientOf('s', netns));
  });

  it('slow, broken and greedy clients do not keep it from the others', async () => {
    const script = `
      const net = require('net');
      const open = (n, f) => Array.from({ length: n }, () => { const s = net.connect(53, '127.0.0.11', () => f(s)); s.on('error', () => {}); return s; });
      open(10, (s) => s.write(Buffer.from([0xff, 0xff])));
      open(10, (s) => s.write(Buffer.from([0, 40, 1])));
      open(10, (s) => s.write(Buffer.from([0, 0, 0, 2, 1, 1])));
      const udp = require('dgram').createSocket('udp4');
      for (let i = 0; i < 2000; i++) udp.send(require('crypto').randomBytes(i % 700), 53, '127.0.0.11');
      setTimeout(() => { console.log('sent'); }, 200); setTimeout(() => {}, 60000);`;
    const rude = spawn('ip', ['netns', 'exec', netns.name, process.execPath, '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(rude.stdout, 'data');
    assert.equal(await netns.dig('+short', 'web'), '10.1.0.2');
    assert.equal(await netns.dig('+short', '+tcp', 'web'), '10.1.0.2');
    rude.kill();
    await once(rude, 'exit');
  });

  it('a holder that is killed is replaced, with everything in it', async () => {
    const before = holderOf(directory);
    process.kill(before, 'SIGKILL');
    await eventually('another holder', () => holderOf(directory) !== before);
    assert.equal(await netns.dig('+short', 'web'), '10.1.0.2');
  });

  it('many namespaces come and go', async () => {
    const several = Array.from({ length: 20 }, () => new Namespace());
    await Promise.all(several.map((each) => dns.prepare(each.name, each.path)));
    await Promise.all(several.map((each) => dns.serve(clientOf(each.name, each))));
    assert.deepEqual(
      await Promise.all(several.map((each) => each.dig('+short', 'web'))),
      several.map(() => '10.1.0.2'),
    );
    await Promise.all(several.map((each) => dns.release(each.name)));
    for (const each of several) each[Symbol.dispose]();
    assert.equal(await netns.dig('+short', 'web'), '10.1.0.2');
  });
});

const echo = (port: number): string => `
  const s = require('dgram').createSocket('udp4');
  s.on('message', (m, r) => { m[2] |= 0x80; m[3] = 3; s.send(m, r.port, r.address); });
  s.bind(${port}, '127.0.0.1', () => console.log('ready'));`;

const openDescriptors = (): number => readdirSync('/proc/self/fd').length;
const holderOf = (directory: string): number =>
  (JSON.parse(readFileSync(join(directory, 'holder.json'), 'utf8')) as { pid: number }).pid;

describe('lookups', { skip }, () => {
  it('go on through kills of the engine, without an error', async () => {
    const directory = mkdtempSync('/tmp/berth-dns-');
    using netns = new Namespace();
    await using children = new Children();
    const file = (name: string) => join(import.meta.dirname, name);
    const start = async (): Promise<ChildProcess> => {
      const args = [directory, netns.path, 'sandbox'];
      const child = children.add(fork(file('dns.fixture.ts'), args, { stdio: 'inherit' }));
      await once(child, 'message');
      return child;
    };
    let engine = await start();
    const node = [process.execPath, '--disable-warning=ExperimentalWarning', file('lookups.fixture.ts')];
    const client = children.add(
      spawn('ip', ['netns', 'exec', netns.name, ...node], { stdio: ['pipe', 'pipe', 'inherit'] }),
    );
    let output = '';
    client.stdout?.on('data', (data: Buffer) => {
      output += data.toString();
    });
    await eventually('a first answer', () => output !== '');
    const holder = holderOf(directory);
    for (let round = 0; round < 4; round++) {
      const ended = once(engine, 'exit');
      engine.kill('SIGKILL');
      await ended;
      // What is asked now waits.
      await sleep(100);
      engine = await start();
      assert.equal(holderOf(directory), holder);
      await sleep(100);
    }
    const ended = once(client, 'exit');
    client.stdin?.end();
    await ended;
    const { answers, failures } = JSON.parse(output.split('\n')[1] ?? '') as {
      answers: number;
      failures: string[];
    };
    assert.deepEqual(failures, []);
    assert.ok(answers > 4, `${answers} answers, less than one a life`);
    const gone = once(engine, 'exit');
    engine.send('end');
    await gone;
    // Its parent was killed, so whoever reaps orphans here does that.
    await eventually('the end of the holder', () => commandLine(holder) === '');
    rmSync(directory, { recursive: true });
  });
});

/** Killed when the test is through, or has failed. */
class Children implements AsyncDisposable {
  readonly #all: ChildProcess[] = [];

  add(child: ChildProcess): ChildProcess {
    this.#all.push(child);
    return child;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#all) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    }
  }
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}
