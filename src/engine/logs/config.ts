import { existsSync } from 'node:fs';
import { invalid, unsupported } from '#lib/errors';

export interface LogConfig {
  readonly driver: string;
  /** --log-opt. */
  readonly options: Readonly<Record<string, string>>;
}

/** How much of a container's log is kept. */
export interface LogLimits {
  /** Bytes of the live file before it is rotated; Infinity: never. */
  readonly maxSize: number;
  /** Files in all, the live one included. */
  readonly maxFiles: number;
  /** Rotated files are gzipped. */
  readonly compress: boolean;
}

const DEFAULT_MAX_SIZE = 20_000_000;
const DEFAULT_MAX_FILES = 5;

const SIZE_OPTIONS = ['max-size', 'max-file', 'compress'];
const TAG_OPTIONS = ['labels', 'labels-regex', 'env', 'env-regex', 'tag'];
/** Understood for every driver. */
const ANY_DRIVER = ['mode', 'max-buffer-size'];
const DRIVERS: ReadonlyMap<string, readonly string[] | 'any'> = new Map<string, readonly string[] | 'any'>([
  ['json-file', [...SIZE_OPTIONS, ...TAG_OPTIONS]],
  ['local', SIZE_OPTIONS],
  ['journald', [...SIZE_OPTIONS, ...TAG_OPTIONS]],
  ['none', 'any'],
]);
/** Docker's other drivers. */
const NOT_HERE = ['awslogs', 'etwlogs', 'fluentd', 'gcplogs', 'gelf', 'logentries', 'splunk', 'syslog'];
const JOURNALD_SOCKET = '/run/systemd/journal/socket';

/** Checks driver and options when a container is created. @throws invalid, unsupported */
export function validateLogConfig(config: LogConfig): void {
  const { driver, options } = config;
  const known = DRIVERS.get(driver);
  if (!known) {
    if (NOT_HERE.includes(driver))
      throw unsupported(
        `logging driver '${driver}' is not available in this build; use json-file, local, journald or none`,
      );
    throw invalid(`logger: no log driver named '${driver}' is registered`);
  }
  if (known === 'any') return;
  for (const name of Object.keys(options))
    if (!known.includes(name) && !ANY_DRIVER.includes(name))
      throw invalid(`unknown log opt '${name}' for ${driver} log driver`);
  validateMode(options);
  logLimits(config);
  if (driver === 'journald' && !existsSync(JOURNALD_SOCKET))
    throw unsupported(`journald is not enabled on this host: there is no ${JOURNALD_SOCKET}`);
}

function validateMode(options: LogConfig['options']): void {
  const mode = options['mode'] ?? '';
  if (!['', 'blocking', 'non-blocking'].includes(mode))
    throw invalid(`logger: logging mode not supported: ${mode}`);
  const buffer = options['max-buffer-size'];
  if (buffer === undefined) return;
  if (mode !== 'non-blocking')
    throw invalid(`logger: max-buffer-size option is only supported with 'mode=non-blocking'`);
  parseLogSize(buffer, 'max-buffer-size');
}

/** @throws unsupported, with Docker's text, when the driver keeps nothing that could be read */
export function requireReadable(config: LogConfig): void {
  if (config.driver === 'none') throw unsupported('configured logging driver does not support reading');
}

/** `max-size`, `max-file` and `compress`; 20 MB x 5, compressed, where they are silent. @throws invalid */
export function logLimits({ options }: LogConfig): LogLimits {
  const maxSize = parseMaxSize(options['max-size']);
  const maxFiles = parseMaxFiles(options['max-file']);
  const rotates = maxFiles > 1 && maxSize !== Number.POSITIVE_INFINITY;
  const compress = parseCompress(options['compress']);
  if (compress === true && !rotates)
    throw invalid('compress cannot be true when max-file is less than 2 or max-size is not set');
  return { maxSize, maxFiles, compress: compress ?? rotates };
}

function parseMaxSize(value: string | undefined): number {
  if (value === undefined) return DEFAULT_MAX_SIZE;
  if (value === '-1') return Number.POSITIVE_INFINITY;
  const size = parseLogSize(value, 'max-size');
  if (size <= 0) throw invalid('max-size must be a positive number');
  return size;
}

const UNITS: Readonly<Record<string, number>> = { '': 1, k: 1e3, m: 1e6, g: 1e9, t: 1e12, p: 1e15 };

/** Log sizes are 1000-based in Docker, unlike its memory sizes. */
function parseLogSize(value: string, option: string): number {
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?) ?([kmgtp]?)(?:i?b)?$/i.exec(value) ?? [];
  const scale = UNITS[unit.toLowerCase()];
  if (number === undefined || scale === undefined) throw invalid(`invalid size for ${option}: '${value}'`);
  return Math.floor(Number(number) * scale);
}

function parseMaxFiles(value: string | undefined): number {
  if (value === undefined) return DEFAULT_MAX_FILES;
  if (!/^[+-]?\d{1,9}$/.test(value)) throw invalid(`invalid max-file: '${value}' is not a number`);
  const count = Number(value);
  if (count < 1) throw invalid('max-file cannot be less than 1');
  return count;
}

function parseCompress(value: string | undefined): boolean | undefined {
  if (value === undefined) return undefined;
  if (['1', 't', 'T', 'true', 'TRUE', 'True'].includes(value)) return true;
  if (['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(value)) return false;
  throw invalid(`invalid compress: '${value}' is neither true nor false`);
}
