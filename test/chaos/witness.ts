import assert from 'node:assert/strict';
import { freePort, type Inspected, type World } from './verbs/world.ts';

/**
 * A container that serves a page and writes numbers while the daemon comes and goes: it must neither stop
 * nor lose a line.
 */
export class Witness {
  readonly #world: World;
  readonly #name: string;
  readonly #port: number;
  readonly #first: Inspected;

  private constructor(world: World, name: string, port: number, first: Inspected) {
    this.#world = world;
    this.#name = name;
    this.#port = port;
    this.#first = first;
  }

  static async start(world: World, name = 'witness'): Promise<Witness> {
    const port = await freePort();
    const script = 'httpd -h /www; i=0; while :; do echo $i; i=$((i+1)); sleep 0.05; done';
    await world.run(
      {
        Cmd: ['sh', '-c', script],
        ExposedPorts: { '80/tcp': {} },
        HostConfig: { PortBindings: { '80/tcp': [{ HostPort: String(port) }] } },
      },
      name,
    );
    return new Witness(world, name, port, await world.inspect(name));
  }

  get id(): string {
    return this.#first.Id;
  }

  /** With a daemon or without. */
  async serves(): Promise<void> {
    const page = await fetch(`http://127.0.0.1:${this.#port}/`, { signal: AbortSignal.timeout(5000) });
    assert.match(await page.text(), /Hello from a container/);
  }

  /** It is the same process as ever. */
  async goesOn(): Promise<void> {
    await this.serves();
    const { State } = await this.#world.inspect(this.#name);
    assert.deepEqual(State, this.#first.State, 'nothing has happened to the container');
  }

  /** Every line that it wrote, from the first. */
  async logsAll(): Promise<void> {
    const lines = (await this.#world.daemon.ok('logs', this.#name)).split('\n');
    assert.ok(lines.length > 1, 'it writes');
    assert.deepEqual(lines, [...lines.keys()].map(String), 'no line is missing');
  }
}
