import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { type Answer, type Daemon, eventually, type Result } from '../../fixtures/daemon.ts';
import type { Random } from '../random.ts';

/** One verb, tried once on things of its own: trials run side by side. */
export interface Trial {
  /** Resolves when the daemon has acknowledged; rejects with `Gone` when it died before that. */
  act(): Promise<void>;
  /** After the next start: what was acknowledged holds; what was not happened whole or not at all. */
  check(acknowledged: boolean): Promise<void>;
}

/** Prepares a trial. */
export type Verb = (world: World) => Promise<Trial>;

/** The daemon went away before it answered. */
export class Gone extends Error {}

export interface Inspected {
  readonly Id: string;
  readonly Name: string;
  readonly Image: string;
  readonly State: {
    readonly Status: string;
    readonly Pid: number;
    readonly ExitCode: number;
    readonly StartedAt: string;
    readonly Error: string;
  };
  readonly HostConfig: { readonly Memory: number };
  readonly Mounts: readonly { readonly Name: string }[];
  readonly NetworkSettings: {
    readonly Networks: Readonly<Record<string, { readonly Links: readonly string[] | null }>>;
  };
}

export interface CreateBody {
  readonly Cmd?: readonly string[];
  readonly HostConfig?: Readonly<Record<string, unknown>>;
  readonly [field: string]: unknown;
}

/** What trials work with. */
export class World {
  readonly daemon: Daemon;
  readonly random: Random;
  /** What there is to pull. */
  readonly sources: readonly string[];
  #names = 0;

  constructor(parts: { daemon: Daemon; random: Random; sources: readonly string[] }) {
    this.daemon = parts.daemon;
    this.random = parts.random;
    this.sources = parts.sources;
  }

  name(kind: string): string {
    this.#names++;
    return `${kind}-${this.#names}`;
  }

  /** A request that has to succeed, unless the daemon dies. @throws Gone, AssertionError */
  async call(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    let answer: Answer;
    try {
      answer = await this.daemon.request(method, path, body, headers);
    } catch (error) {
      throw new Gone(`${method} ${path}`, { cause: error });
    }
    const streamed = /"errorDetail"/.test(answer.body.slice(-2000));
    assert.ok(
      (answer.status < 300 || answer.status === 304) && !streamed,
      `${method} ${path}: ${answer.status} ${answer.body}`,
    );
    return answer;
  }

  /** A client's whole command; its exit code must be one of `codes`. @throws Gone, AssertionError */
  async client(codes: readonly number[], ...args: readonly string[]): Promise<Result> {
    const result = await this.daemon.docker(...args);
    if (codes.includes(result.code)) return result;
    // A client tells of the daemon's death in many words; the daemon itself in none.
    if (await this.#died()) throw new Gone(result.stderr);
    throw new assert.AssertionError({ message: `docker ${args.join(' ')}: ${result.code} ${result.stderr}` });
  }

  async create(body: CreateBody = {}, name = this.name('c')): Promise<string> {
    await this.call('POST', `/containers/create?name=${name}`, {
      Image: 'busybox',
      Cmd: ['sleep', '1000'],
      ...body,
    });
    return name;
  }

  async run(body: CreateBody = {}, name = this.name('c')): Promise<string> {
    await this.create(body, name);
    await this.call('POST', `/containers/${name}/start`);
    return name;
  }

  async find(name: string): Promise<Inspected | undefined> {
    return this.#lookUp<Inspected>(`/containers/${name}/json`);
  }

  /** @throws AssertionError when there is none */
  async inspect(name: string): Promise<Inspected> {
    const found = await this.find(name);
    assert.ok(found, `container ${name} is gone`);
    return found;
  }

  image(name: string): Promise<{ Id: string } | undefined> {
    return this.#lookUp(`/images/${name}/json`);
  }

  volume(name: string): Promise<{ Name: string } | undefined> {
    return this.#lookUp(`/volumes/${name}`);
  }

  network(name: string): Promise<{ Id: string } | undefined> {
    return this.#lookUp(`/networks/${name}`);
  }

  async #lookUp<T>(path: string): Promise<T | undefined> {
    const answer = await this.daemon.request('GET', path);
    if (answer.status === 404) return undefined;
    assert.equal(answer.status, 200, `${path}: ${answer.body}`);
    return answer.json as T;
  }

  async #died(): Promise<boolean> {
    for (let tries = 0; this.daemon.runs && tries < 50; tries++)
      await new Promise((resolve) => setTimeout(resolve, 10));
    return !this.daemon.runs;
  }
}

/** The page that the image holds is served on this port of the host. */
export function expectPage(port: number): Promise<void> {
  return eventually(`port ${port} answers`, async () => {
    const page = await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined);
    return (await page?.text())?.includes('Hello from a container') ?? false;
  });
}

/** A port of the host that nobody has. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().on('error', reject);
    server.listen(0, '0.0.0.0', () => {
      const address = server.address();
      server.close(() =>
        typeof address === 'object' && address ? resolve(address.port) : reject(new Error('no port')),
      );
    });
  });
}
