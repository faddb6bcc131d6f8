import { invalid } from '#lib/errors';
import type { LogConfig, LogOptions } from './config.ts';
import { FORWARDING_DRIVERS } from './drivers/index.ts';
import { booleanOption, sizeOption, wholeOption } from './option-values.ts';

/** How much of a container's log is kept. */
export interface LogLimits {
  /** Bytes of the live file before it is rotated; Infinity: never. */
  readonly maxSize: number;
  /** Files in all, the live one included. */
  readonly maxFiles: number;
  /** Rotated files are gzipped. */
  readonly compress: boolean;
  /** Bytes that are kept beyond these limits as long as they have not been delivered; 0 where nothing is. */
  readonly undelivered: number;
}

const MAX_SIZE = 20_000_000;
const MAX_FILES = 5;
/** What waits for a receiver that is away, in blocking mode. */
const BLOCKING_BACKLOG = 2 ** 30;

/** 20 MB x 5, compressed, where the options are silent. @throws invalid */
export function logLimits({ driver, options }: LogConfig): LogLimits {
  if (!FORWARDING_DRIVERS.has(driver)) {
    const names = { size: 'max-size', files: 'max-file', compress: 'compress' };
    return { ...fileLimits(options, names, driver === 'local' ? 1024 : 1000), undelivered: 0 };
  }
  const names = { size: 'cache-max-size', files: 'cache-max-file', compress: 'cache-compress' };
  const limits = fileLimits(options, names, 1024);
  // Nobody reads it: it is only there until it is delivered.
  const spool = booleanOption(options, 'cache-disabled')
    ? { ...limits, maxFiles: 1, compress: false }
    : limits;
  return { ...spool, undelivered: backlog(options) };
}

function backlog(options: LogOptions): number {
  if (options['mode'] !== 'non-blocking') return BLOCKING_BACKLOG;
  return sizeOption(options, 'max-buffer-size', 1024) ?? 0;
}

function fileLimits(
  options: LogOptions,
  names: { readonly size: string; readonly files: string; readonly compress: string },
  base: 1000 | 1024,
): Pick<LogLimits, 'maxSize' | 'maxFiles' | 'compress'> {
  const endless = options[names.size] === '-1';
  const maxSize = endless ? Number.POSITIVE_INFINITY : (sizeOption(options, names.size, base) ?? MAX_SIZE);
  if (maxSize <= 0) throw invalid(`${names.size} must be a positive number`);
  const maxFiles = wholeOption(options, names.files) ?? MAX_FILES;
  if (maxFiles < 1) throw invalid(`${names.files} cannot be less than 1`);
  const compress = booleanOption(options, names.compress);
  const rotates = maxFiles > 1 && !endless;
  if (compress === true && !rotates)
    throw invalid(
      `${names.compress} cannot be true when ${names.files} is less than 2 or ${names.size} is not set`,
    );
  return { maxSize, maxFiles, compress: compress ?? rotates };
}
