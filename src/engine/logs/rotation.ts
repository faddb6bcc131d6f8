import { statSync } from 'node:fs';
import { messageOf } from '#lib/errors';
import type { Logger } from '#lib/log';
import type { LogConfig } from './config.ts';
import { type LogLimits, logLimits } from './limits.ts';
import { reopenLog, rotateLog } from './rotate.ts';
import type { Delivery } from './undelivered.ts';

/** A log that grows at 200 MB a second is still caught within a few times the default size. */
const TICK_MS = 500;
/** A log that does not grow is looked at every so many ticks. */
const IDLE_TICKS = 6;

interface Watched {
  readonly path: string;
  readonly control: string;
  readonly limits: LogLimits;
  readonly delivery: Delivery | undefined;
  size: number;
  idleTicks: number;
  rotating: boolean;
}

export interface RotationRequest {
  /** Of the live file. */
  readonly path: string;
  /** conmon's `ctl` in the container's bundle. */
  readonly control: string;
  readonly config: LogConfig;
  /** Where the log goes besides. */
  readonly delivery?: Delivery | undefined;
}

/** Keeps the logs of all running containers within their limits, with one timer. */
export class LogRotation implements Disposable {
  readonly #log: Logger;
  readonly #watched = new Map<string, Watched>();
  #timer: NodeJS.Timeout | undefined;

  constructor(log: Logger) {
    this.#log = log;
  }

  add(containerId: string, { path, control, config, delivery }: RotationRequest): void {
    const limits = logLimits(config);
    if (config.driver === 'none' || limits.maxSize === Number.POSITIVE_INFINITY) return;
    const watched = {
      path,
      control,
      limits,
      delivery,
      size: 0,
      idleTicks: IDLE_TICKS,
      rotating: false,
    };
    this.#watched.set(containerId, watched);
    this.#timer ??= setInterval(() => this.#tick(), TICK_MS).unref();
    this.#resume(watched);
  }

  remove(containerId: string): void {
    this.#watched.delete(containerId);
    if (this.#watched.size === 0) this[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#watched.clear();
  }

  /** A daemon that died in the middle of a rotation has renamed the file, but not told conmon. */
  #resume({ path, control }: Watched): void {
    try {
      if (!statSync(path, { throwIfNoEntry: false })) reopenLog(control);
    } catch (error) {
      this.#log.warn(`cannot resume the rotation of ${path}: ${messageOf(error)}`);
    }
  }

  #tick(): void {
    for (const [containerId, watched] of this.#watched) {
      if (watched.rotating || watched.idleTicks++ < IDLE_TICKS) continue;
      const size = statSync(watched.path, { throwIfNoEntry: false })?.size ?? 0;
      watched.idleTicks = size === watched.size ? 0 : IDLE_TICKS;
      watched.size = size;
      if (size >= watched.limits.maxSize) void this.#rotate(containerId, watched);
    }
  }

  async #rotate(containerId: string, watched: Watched): Promise<void> {
    watched.rotating = true;
    try {
      await rotateLog(watched.path, watched.control, watched.limits, watched.delivery);
    } catch (error) {
      // Removed meanwhile: there is nothing left to keep small.
      if (this.#watched.get(containerId) !== watched) return;
      this.#log.warn(`cannot rotate the log of a container: ${messageOf(error)}`, { containerId });
    } finally {
      watched.rotating = false;
    }
  }
}
