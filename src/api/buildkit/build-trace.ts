import { createHash } from 'node:crypto';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { type BuildEvent, inputsOf, type Step } from '#engine/build';
import { messageOf } from '#lib/errors';
import type { StatusResponseSchema } from '#protocol/buildkit';

type Status = MessageInitShape<typeof StatusResponseSchema>;

/** What BuildKit's clients draw a build from: vertices that begin and end, what they print, how far they are. */
export class BuildTrace {
  readonly #write: (status: Status) => void;
  /** Two builds of the same are drawn apart. */
  readonly #build: string;
  readonly #steps = new Map<Step, string>();
  readonly #started = new Map<string, number>();
  readonly #ended = new Set<string>();

  constructor(build: string, write: (status: Status) => void) {
    this.#build = build;
    this.#write = write;
  }

  /** For an `onEvent` option. */
  readonly add = (event: BuildEvent): void => {
    switch (event.type) {
      case 'started':
        return this.#begin(this.#of(event.step), event.step.title, this.#inputs(event.step));
      case 'output': {
        const vertex = this.#of(event.step);
        const stream = BigInt(event.stream === 'stdout' ? 1 : 2);
        return this.#write({ logs: [{ vertex, timestamp: timestamp(), stream, msg: event.data }] });
      }
      case 'done':
        return this.#end(
          this.#of(event.step),
          event.step.title,
          { cached: event.cached },
          this.#inputs(event.step),
        );
      case 'failed': {
        const error = messageOf(event.error);
        return this.#end(this.#of(event.step), event.step.title, { error }, this.#inputs(event.step));
      }
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

  /** Something beside the steps that begins and ends: `[internal] load build context`. */
  async work<T>(name: string, work: (log: (text: string) => void) => Promise<T>): Promise<T> {
    const vertex = this.#digest(name);
    this.#begin(vertex, name, []);
    const log = (text: string) =>
      this.#write({ logs: [{ vertex, timestamp: timestamp(), stream: 1n, msg: Buffer.from(text) }] });
    try {
      const result = await work(log);
      this.#end(vertex, name, {}, []);
      return result;
    } catch (error) {
      this.#end(vertex, name, { error: messageOf(error) }, []);
      throw error;
    }
  }

  /** What is pulled or written beside the steps belongs to a vertex of its own name. */
  #tell({ id, text, current, total }: Extract<BuildEvent, { type: 'status' }>): void {
    const name = 'load metadata and layers of base images';
    const vertex = this.#digest(name);
    if (!this.#started.has(vertex)) this.#begin(vertex, name, []);
    const numbers = { current: BigInt(current ?? 0), total: BigInt(total ?? 0) };
    this.#write({
      statuses: [
        { id: id || text, vertex, name: text, ...numbers, timestamp: timestamp(), started: timestamp() },
      ],
    });
  }

  /** Whatever began has an end: else clients would draw it as going on. */
  close(): void {
    for (const vertex of this.#started.keys()) {
      if (this.#ended.has(vertex)) continue;
      const started = timestampFromMs(this.#started.get(vertex) ?? Date.now());
      this.#write({ vertexes: [{ digest: vertex, started, completed: timestamp() }] });
    }
  }

  #begin(digest: string, name: string, inputs: readonly string[]): void {
    if (this.#started.has(digest)) return;
    this.#started.set(digest, Date.now());
    this.#write({ vertexes: [{ digest, name, inputs: [...inputs], started: timestamp() }] });
  }

  #end(
    digest: string,
    name: string,
    end: { cached?: boolean; error?: string },
    inputs: readonly string[],
  ): void {
    if (this.#ended.has(digest)) return;
    this.#ended.add(digest);
    const now = Date.now();
    const started = timestampFromMs(this.#started.get(digest) ?? now);
    this.#started.set(digest, this.#started.get(digest) ?? now);
    const completed = timestampFromMs(now);
    this.#write({ vertexes: [{ digest, name, inputs: [...inputs], started, completed, ...end }] });
  }

  #inputs(step: Step): string[] {
    return inputsOf(step).map((input) => this.#of(input));
  }

  #of(step: Step): string {
    const known = this.#steps.get(step);
    if (known !== undefined) return known;
    const digest = this.#digest(`step ${this.#steps.size} ${step.title}`);
    this.#steps.set(step, digest);
    return digest;
  }

  #digest(name: string): string {
    return `sha256:${createHash('sha256').update(this.#build).update('\0').update(name).digest('hex')}`;
  }
}

const timestamp = () => timestampFromMs(Date.now());
