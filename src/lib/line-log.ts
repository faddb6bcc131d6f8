import type { LogFields, Logger } from './log.ts';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'fatal'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
export const LOG_FORMATS = ['text', 'json'] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

/** Where lines go: standard error, in a daemon. */
export type LogTarget = Pick<NodeJS.WritableStream, 'write'>;

/** A program's log: one line a message, logfmt for people, JSON for machines. */
export class LineLog implements Logger {
  /** Messages below it are dropped; SIGHUP may change it. */
  level: LogLevel;
  readonly #format: LogFormat;
  readonly #target: LogTarget;

  constructor(options: { level: LogLevel; format: LogFormat; target: LogTarget }) {
    this.level = options.level;
    this.#format = options.format;
    this.#target = options.target;
  }

  debug(message: string, fields?: LogFields): void {
    this.#write('debug', message, fields);
  }

  info(message: string, fields?: LogFields): void {
    this.#write('info', message, fields);
  }

  warn(message: string, fields?: LogFields): void {
    this.#write('warn', message, fields);
  }

  error(message: string, fields?: LogFields): void {
    this.#write('error', message, fields);
  }

  #write(level: LogLevel, message: string, fields: LogFields = {}): void {
    if (LOG_LEVELS.indexOf(level) < LOG_LEVELS.indexOf(this.level)) return;
    const entry = { time: new Date().toISOString(), level, msg: message, ...fields };
    this.#target.write(`${this.#format === 'json' ? JSON.stringify(entry, plain) : logfmt(entry)}\n`);
  }
}

function logfmt(entry: LogFields): string {
  return Object.entries(entry)
    .filter(([, value]) => value !== undefined)
    .map(
      ([key, value]) => `${key}=${quote(typeof value === 'string' ? value : JSON.stringify(value, plain))}`,
    )
    .join(' ');
}

const quote = (text: string) => (/^[\w.:/@+-]+$/.test(text) ? text : JSON.stringify(text));

/** What JSON cannot say by itself. */
function plain(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Error) return value.stack ?? value.message;
  return value;
}
