import { createHash } from 'node:crypto';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { type BuildEvent, inputsOf, type Step } from '#engine/build';
import type { Range, StatusResponseSchema } from '#protocol/buildkit';
import { solveText } from './solve-text.ts';

export type Status = MessageInitShape<typeof StatusResponseSchema>;

/** What a client found by itself. */
interface ClientWarning {
  readonly level: bigint;
  readonly short: Uint8Array;
  readonly detail: Uint8Array[];
  readonly url: string;
  readonly ranges: Range[];
}

/** What is drawn as one piece of work. */
interface Vertex {
  readonly digest: string;
  readonly name: string;
  readonly inputs: string[];
  started?: number;
  ended: boolean;
}

/** What BuildKit's clients draw a build from: vertices that begin and end, what they print, how far they are. */
export class BuildTrace {
  readonly #write: (status: Status) => void;
  /** Two builds of the same are drawn apart. */
  readonly #build: string;
  readonly #steps = new Map<Step, Vertex>();
  readonly #others = new Map<string, Vertex>();

  constructor(build: string, write: (status: Status) => void) {
    this.#build = build;
    this.#write = write;
  }

  /** For an `onEvent` option. */
  readonly add = (event: BuildEvent): void => {
    switch (event.type) {
      case 'started':
        return this.#begin(this.#step(event.step));
      case 'output': {
        const { digest: vertex } = this.#step(event.step);
        const stream = BigInt(event.stream === 'stdout' ? 1 : 2);
        return this.#write({ logs: [{ vertex, timestamp: timestamp(), stream, msg: event.data }] });
      }
      case 'done':
        return this.#end(this.#step(event.step), { cached: event.cached });
      case 'failed':
        return this.#end(this.#step(event.step), { error: solveText(event.error) });
      case 'warning': {
        const { message, lines, rule } = event.warning;
        const ranges = lines && [{ start: { line: lines.first }, end: { line: lines.last } }];
        const short = Buffer.from(`${rule}: ${message}`);
        return this.#write({
          warnings: [{ vertex: this.#digest('warnings'), level: 1n, short, ranges: ranges ?? [] }],
        });
      }
      case 'status':
        return this.#tell(event);
      default:
    }
  };

  warn({ level, short, detail, url, ranges }: ClientWarning): void {
    this.#write({ warnings: [{ vertex: this.#digest('warnings'), level, short, detail, url, ranges }] });
  }

  /** Something beside the steps that begins and ends: `[internal] load build context`. */
  async work<T>(name: string, work: () => Promise<T>): Promise<T> {
    const vertex = this.#other(name);
    this.#begin(vertex);
    try {
      const result = await work();
      this.#end(vertex, {});
      return result;
    } catch (error) {
      this.#end(vertex, { error: solveText(error) });
      throw error;
    }
  }

  /** Whatever began has an end: else clients would draw it as going on. */
  close(): void {
    for (const vertex of [...this.#steps.values(), ...this.#others.values()])
      if (vertex.started !== undefined) this.#end(vertex, {});
  }

  /** What is pulled beside the steps belongs to one vertex. */
  #tell({ id, text, current = 0, total = 0 }: Extract<BuildEvent, { type: 'status' }>): void {
    const vertex = this.#other('load metadata and layers of base images');
    this.#begin(vertex);
    const name = [id, text].filter(Boolean).join(' ');
    const numbers = { current: BigInt(current), total: BigInt(total) };
    const times = { timestamp: timestamp(), started: timestamp() };
    this.#write({ statuses: [{ id: id || text, vertex: vertex.digest, name, ...numbers, ...times }] });
  }

  #begin(vertex: Vertex): void {
    if (vertex.started !== undefined) return;
    vertex.started = Date.now();
    this.#tellOf(vertex, {});
  }

  /** What is done without having begun, as from the cache, took no time. */
  #end(vertex: Vertex, end: { cached?: boolean; error?: string }): void {
    if (vertex.ended) return;
    vertex.ended = true;
    vertex.started ??= Date.now();
    this.#tellOf(vertex, { completed: timestamp(), ...end });
  }

  #tellOf({ digest, name, inputs, started = 0 }: Vertex, more: object): void {
    this.#write({ vertexes: [{ digest, name, inputs, started: timestampFromMs(started), ...more }] });
  }

  #step(step: Step): Vertex {
    const known = this.#steps.get(step);
    if (known) return known;
    const digest = this.#digest(`step ${this.#steps.size} ${step.title}`);
    const vertex: Vertex = { digest, name: step.title, inputs: [], ended: false };
    this.#steps.set(step, vertex);
    for (const input of inputsOf(step)) vertex.inputs.push(this.#step(input).digest);
    return vertex;
  }

  #other(name: string): Vertex {
    const known = this.#others.get(name);
    if (known) return known;
    const vertex = { digest: this.#digest(name), name, inputs: [], ended: false };
    this.#others.set(name, vertex);
    return vertex;
  }

  #digest(name: string): string {
    return `sha256:${createHash('sha256').update(this.#build).update('\0').update(name).digest('hex')}`;
  }
}

const timestamp = () => timestampFromMs(Date.now());
