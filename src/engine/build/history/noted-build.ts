import { isKind, messageOf } from '#lib/errors';
import { now } from '#lib/time';
import type { BuildResult } from '../outputs/output.ts';
import type { BuildEvent } from '../progress.ts';
import type { Step } from '../step.ts';
import type { BuildLogWriter } from './log-file.ts';
import type { BuildRecord } from './record.ts';

/** A build that goes on, as it is noted. */
export class NotedBuild {
  readonly #record: BuildRecord;
  readonly #log: BuildLogWriter;
  readonly #put: (record: BuildRecord) => void;
  readonly #numbers = new Map<Step, number>();
  readonly #warnings: string[] = [];
  /** Those that make files. */
  #planned = new Set<Step>();
  readonly #done = new Set<Step>();
  readonly #cached = new Set<Step>();

  constructor(record: BuildRecord, log: BuildLogWriter, put: (record: BuildRecord) => void) {
    this.#record = record;
    this.#log = log;
    this.#put = put;
    put(record);
  }

  /** For an `onEvent` option. */
  readonly add = (event: BuildEvent): void => {
    switch (event.type) {
      case 'planned':
        this.#planned = new Set(event.lines.flatMap(({ step }) => step ?? []));
        return;
      case 'started':
        return this.#log.add({ step: this.#numberOf(event.step), kind: 'started', text: event.step.title });
      case 'output': {
        const text = event.data.toString();
        return this.#log.add({ step: this.#numberOf(event.step), kind: 'output', text });
      }
      case 'done': {
        if (this.#done.has(event.step)) return;
        this.#done.add(event.step);
        if (event.cached) this.#cached.add(event.step);
        const kind = event.cached ? 'cached' : 'done';
        return this.#log.add({ step: this.#numberOf(event.step), kind, text: event.step.title });
      }
      case 'failed': {
        const text = `${event.step.title}: ${event.error.message}`;
        return this.#log.add({ step: this.#numberOf(event.step), kind: 'failed', text });
      }
      case 'warning': {
        const { rule, message } = event.warning;
        this.#warnings.push(`${rule}: ${message}`);
        return this.#log.add({ kind: 'note', text: `${rule}: ${message}` });
      }
      case 'status':
        // How far each layer is would be most of the log.
        if (event.current !== undefined) return;
        return this.#log.add({ kind: 'note', text: [event.id, event.text].filter(Boolean).join(' ') });
    }
  };

  async complete({ assembled }: BuildResult): Promise<void> {
    const result = assembled && { imageId: assembled.chosen.id, digest: assembled.target.digest };
    await this.#end({ status: 'completed', ...(result && { result }) });
  }

  async fail(error: unknown): Promise<void> {
    const status = isKind(error, 'cancelled') ? 'cancelled' : 'failed';
    const text = withoutCredentials(messageOf(error));
    this.#log.add({ kind: 'note', text });
    await this.#end({ status, error: text });
  }

  async #end(end: Pick<BuildRecord, 'status' | 'error' | 'result'>): Promise<void> {
    const count = (of: ReadonlySet<Step>): number => [...this.#planned].filter((step) => of.has(step)).length;
    const steps = { total: this.#planned.size, completed: count(this.#done), cached: count(this.#cached) };
    const warnings = this.#warnings.slice(0, MOST_WARNINGS);
    await this.#log.close();
    this.#put({ ...this.#record, ...end, completed: now(), steps, warnings });
  }

  #numberOf(step: Step): number {
    const known = this.#numbers.get(step);
    if (known !== undefined) return known;
    this.#numbers.set(step, this.#numbers.size + 1);
    return this.#numbers.size;
  }
}

const MOST_WARNINGS = 50;

/** An address may carry a password: `https://user:password@host`. */
export const withoutCredentials = (text: string): string => text.replaceAll(/(\w:\/\/)[^\s/@]+@/g, '$1');
