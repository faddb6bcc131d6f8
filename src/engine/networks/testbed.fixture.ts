import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual, promisify } from 'node:util';
import type { AttachOptions, EndpointOptions, Networks, PortBinding, Sandbox } from './index.ts';

const run = promisify(execFile);
const here = (name: string): string => join(import.meta.dirname, name);
const node = (file: string): string[] => [
  process.execPath,
  '--disable-warning=ExperimentalWarning',
  here(file),
];

export const HOST4 = '198.51.100.1';
export const HOST6 = '2001:db8:1::1';
export const OUTSIDE4 = '198.51.100.2';
export const OUTSIDE6 = '2001:db8:1::2';

export interface Probe {
  readonly protocol: 'tcp' | 'udp';
  readonly host: string;
  readonly port: number;
  readonly from?: number;
  readonly source?: string;
  /** Milliseconds after which no answer is one. */
  readonly patience?: number;
}

/** What a probe says that got no answer. */
export const SILENCE = 'TIMEOUT';
/** Whoever answers does so at once: where nobody is to, there is no need to wait for long. Milliseconds. */
const SILENT_AFTER = 400;
/** Whoever is cut off is told nothing: TCP tries again. Milliseconds. */
const TALK_PATIENCE = 10_000;

/** Where a command runs: on the test's machine, outside of it, or in a container (its sandbox). */
export type Place = 'host' | 'outside' | Sandbox;

/**
 * A machine of its own for a test: a network and mount namespace held by a process that does nothing, with a
 * neighbour on a veth link (198.51.100.0/24, 2001:db8:1::/64). Engines are started in it, and killed.
 */
export class Testbed implements AsyncDisposable {
  readonly base: string;
  readonly #machine: ChildProcess;
  readonly #outside: ChildProcess;
  readonly #children: ChildProcess[] = [];

  private constructor(base: string, machine: ChildProcess, outside: ChildProcess) {
    this.base = base;
    this.#machine = machine;
    this.#outside = outside;
  }

  static async open(options: { bridgeNetfilter: boolean } = { bridgeNetfilter: false }): Promise<Testbed> {
    const base = mkdtempSync(join(tmpdir(), 'berth-networks-'));
    const hold = (...flags: string[]) =>
      spawn('unshare', [...flags, 'sh', '-c', 'echo up; exec sleep infinity'], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
    const bed = new Testbed(base, hold('-n', '-m'), hold('-n'));
    for (const child of [bed.#machine, bed.#outside]) await once(child, 'up');
    await bed.sh(
      'host',
      `ip link set lo up; ip link add ext0 type veth peer name eth0 netns ${bed.#outside.pid};
       echo 0 > /proc/sys/net/ipv6/conf/ext0/accept_dad; ip addr add ${HOST4}/24 dev ext0; ip addr add ${HOST6}/64 dev ext0 nodad; ip link set ext0 up;
       for f in /proc/sys/net/bridge/bridge-nf-call-ip*tables; do
         [ ! -e $f ] || echo ${options.bridgeNetfilter ? 1 : 0} > $f
       done`,
    );
    await bed.sh(
      'outside',
      `echo 0 > /proc/sys/net/ipv6/conf/eth0/accept_dad;
       ip link set lo up; ip addr add ${OUTSIDE4}/24 dev eth0; ip addr add ${OUTSIDE6}/64 dev eth0 nodad; ip link set eth0 up`,
    );
    return bed;
  }

  /** One more cable to the neighbour. */
  async cable({ name, host, outside }: { name: string; host: string; outside: string }): Promise<void> {
    await this.sh(
      'host',
      `ip link add ${name} type veth peer name ${name} netns ${this.#outside.pid};
       ip addr add ${host} dev ${name}; ip link set ${name} up`,
    );
    await this.sh('outside', `ip addr add ${outside} dev ${name}; ip link set ${name} up`);
  }

  #enter(place: Place): string[] {
    if (place === 'outside') return ['nsenter', '-t', String(this.#outside.pid), '-n'];
    const machine = ['nsenter', '-t', String(this.#machine.pid), '-n', '-m'];
    if (place === 'host') return machine;
    return place.netns === undefined ? machine : [...machine, 'nsenter', `--net=${place.netns}`];
  }

  /** Output of a shell command, trimmed. */
  async sh(place: Place, command: string): Promise<string> {
    const [file, ...args] = [...this.#enter(place), 'sh', '-ec', command];
    return (await run(file, args)).stdout.trim();
  }

  /** A program that runs until the testbed ends. */
  background(place: Place, command: string): void {
    const [file, ...args] = [...this.#enter(place), 'sh', '-ec', command];
    this.#children.push(spawn(file, args, { stdio: ['ignore', 'ignore', 'inherit'] }));
  }

  /** Fails unless each probe is answered as expected. */
  async expect(
    place: Place,
    probes: readonly Probe[],
    expected: readonly string[],
    what = '',
  ): Promise<void> {
    const impatient = probes.map((probe, index) => (expected[index] === SILENCE ? hasty(probe) : probe));
    assert.deepEqual([what, await this.probe(place, impatient)], [what, expected]);
  }

  /** The same, of what takes a moment to come about. */
  async expectSoon(place: Place, probes: readonly Probe[], expected: readonly string[]): Promise<void> {
    for (let attempt = 0; attempt < 60; attempt++) {
      // A refusal may come with the second packet only, after a second.
      const refused = (index: number) => expected[index]?.startsWith('E') ?? false;
      const impatient = probes.map((probe, index) => (refused(index) ? probe : hasty(probe)));
      const answers = await this.probe(place, impatient);
      if (isDeepStrictEqual(answers, expected)) return;
      await sleep(50);
    }
    await this.expect(place, probes, expected);
  }

  async #peer(place: Place, verb: string, probes: readonly Probe[]): Promise<string[]> {
    const [file, ...args] = [...this.#enter(place), ...node('peer.fixture.ts'), verb, JSON.stringify(probes)];
    return JSON.parse((await run(file, args)).stdout) as string[];
  }

  /** What each of the probes was answered, or its error code. */
  probe(place: Place, probes: readonly Probe[]): Promise<string[]> {
    return this.#peer(place, 'probe', probes);
  }

  /** Whether an ordinary program could listen there: `ok` or an error code. */
  bind(place: Place, ports: readonly Probe[]): Promise<string[]> {
    return this.#peer(place, 'bind', ports);
  }

  /** A server that answers `<name> <address of who asked>` on TCP and UDP, or on TCP what it is told (`echo`). */
  async serve(
    place: Place,
    port: number,
    name: string,
    address = '::',
    verb: 'serve' | 'echo' = 'serve',
  ): Promise<ChildProcess> {
    const [file, ...args] = [
      ...this.#enter(place),
      ...node('peer.fixture.ts'),
      verb,
      String(port),
      name,
      address,
    ];
    const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#children.push(child);
    await once(child, 'ready');
    return child;
  }

  /** One TCP connection that stays open; each line of it is answered. */
  async talk(place: Place, host: string, port: number) {
    const command = [...this.#enter(place), ...node('peer.fixture.ts'), 'talk', host, String(port)];
    const [file = '', ...args] = command;
    const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#children.push(child);
    await once(child, 'ready');
    const say = async (line: string): Promise<string> => {
      const answer = new Promise<string>((resolve, reject) => {
        const late = setTimeout(() => reject(new Error(`no answer to ${line}`)), TALK_PATIENCE);
        child.stdout.once('data', (data: Buffer) => {
          clearTimeout(late);
          resolve(data.toString().trim());
        });
      });
      child.stdin.write(`${line}\n`);
      return await answer;
    };
    return { say, [Symbol.dispose]: () => void child.kill() };
  }

  async engine(options: Record<string, unknown> = {}): Promise<Engine> {
    const instance = String(options['instance'] ?? 'berth');
    const base = join(this.base, instance);
    mkdirSync(base, { recursive: true });
    const settings = JSON.stringify({ instance, base, ...options });
    const [file, ...args] = [...this.#enter('host'), ...node('daemon.fixture.ts'), settings];
    const child = spawn(file, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.#children.push(child);
    const engine = new Engine(child, base);
    await engine.ready;
    return engine;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of [...this.#children, this.#machine, this.#outside]) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
    }
    for (const name of readdirSync(this.base)) endHolder(join(this.base, name, 'dns/holder.json'));
    rmSync(this.base, { recursive: true, force: true });
  }
}

const hasty = (probe: Probe): Probe => ({ ...probe, patience: SILENT_AFTER });

/** What keeps the DNS sockets of an engine that was killed outlives it. */
function endHolder(note: string): void {
  if (existsSync(note))
    process.kill((JSON.parse(readFileSync(note, 'utf8')) as { pid: number }).pid, 'SIGKILL');
}

function once(child: ChildProcess, word: string): Promise<void> {
  return new Promise((resolve, reject) => {
    child.stdout?.on('data', (data: Buffer) => {
      if (data.toString().includes(word)) resolve();
    });
    child.once('exit', (code) => reject(new Error(`ended with ${code} before it was ready`)));
  });
}

interface Answer {
  readonly id?: number;
  readonly ready?: boolean;
  readonly value?: unknown;
  readonly error?: string;
  readonly kind?: string;
  readonly stack?: string;
}

export type AttachRequest = Partial<AttachOptions> & Partial<EndpointOptions>;

type Remote = Pick<
  Networks,
  | 'create'
  | 'remove'
  | 'prune'
  | 'detach'
  | 'connect'
  | 'disconnect'
  | 'rename'
  | 'statistics'
  | 'close'
  | 'poolSettled'
>;

/** An engine's networks in a process of its own. */
export class Engine {
  readonly ready: Promise<void>;
  readonly base: string;
  readonly #child: ChildProcess;
  readonly #pending = new Map<
    number,
    { resolve: (value: unknown) => void; reject: (error: Error) => void }
  >();
  #next = 0;

  constructor(child: ChildProcess, base: string) {
    this.#child = child;
    this.base = base;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.ready = promise;
    child.once('exit', (code, signal) => {
      const error = new Error(`the engine ended: ${code ?? signal}`);
      reject(error);
      for (const pending of this.#pending.values()) pending.reject(error);
    });
    child.on('message', (answer: Answer) => {
      if (answer.ready) resolve();
      const pending = this.#pending.get(answer.id ?? -1);
      this.#pending.delete(answer.id ?? -1);
      if (answer.error === undefined) pending?.resolve(answer.value);
      else
        pending?.reject(Object.assign(new Error(answer.error), { kind: answer.kind, cause: answer.stack }));
    });
  }

  call<T>(method: string, ...args: unknown[]): Promise<T> {
    const id = this.#next++;
    return new Promise<T>((resolve, reject) => {
      this.#pending.set(id, { resolve: (value) => resolve(value as T), reject });
      this.#child.send({ id, method, args });
    });
  }

  readonly networks: Remote = new Proxy({} as Remote, {
    get:
      (_, method) =>
      (...args: unknown[]) =>
        this.call(String(method), ...args),
  });

  /** On the default network, or on the one that `network` names, with what is asked of it beside. */
  attach(containerId: string, options: AttachRequest = {}): Promise<Sandbox> {
    const { network = 'bridge', address, address6, mac, ...rest } = options;
    const endpoint = {
      network,
      ...(address === undefined ? {} : { address }),
      ...(address6 === undefined ? {} : { address6 }),
      ...(mac === undefined ? {} : { mac }),
    };
    const defaults = {
      containerId,
      endpoints: [endpoint],
      name: containerId,
      hostname: `${containerId}-host`,
      domainname: '',
      ports: [],
      publishAll: [],
      dns: [],
      dnsSearch: [],
      dnsOptions: [],
      extraHosts: [],
      sysctls: {},
      directory: join(this.base, 'files', containerId),
    };
    return this.call('attach', { ...defaults, ...rest });
  }

  /** As the kernel does it to a process that hangs or has a bug. */
  async kill(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGKILL');
    await ended;
  }

  async exit(options: { teardown?: boolean } = {}): Promise<void> {
    await this.networks.close(options);
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.disconnect();
    await ended;
  }
}

export const port = (
  containerPort: number,
  hostPort: number,
  protocol: PortBinding['protocol'] = 'tcp',
  hostIp = '',
): PortBinding => ({ containerPort, hostPort, protocol, hostIp });

export const addressOf = (sandbox: Sandbox): string => {
  const address = sandbox.endpoints[0]?.address;
  assert.ok(address);
  return address;
};
