import { invalid, unsupported } from '#lib/errors';
import { extraAttributes } from './attributes.ts';
import { FORWARDING_DRIVERS } from './drivers/index.ts';
import { logLimits } from './limits.ts';
import { booleanOption, sizeOption } from './option-values.ts';
import { EXAMPLE_SOURCE } from './source.ts';
import { renderTag } from './tag.ts';

/** --log-opt. */
export type LogOptions = Readonly<Record<string, string>>;

export interface LogConfig {
  readonly driver: string;
  readonly options: LogOptions;
}

const FILE_OPTIONS = ['max-size', 'max-file', 'compress'];
/** Of the copy that a driver which delivers elsewhere keeps for `logs`. */
const CACHE_OPTIONS = ['cache-disabled', 'cache-max-size', 'cache-max-file', 'cache-compress'];
/** Understood for every driver. */
const ANY_DRIVER = ['mode', 'max-buffer-size', ...CACHE_OPTIONS];
const STORED: ReadonlyMap<string, readonly string[]> = new Map([
  ['json-file', [...FILE_OPTIONS, 'labels', 'labels-regex', 'env', 'env-regex', 'tag']],
  ['local', FILE_OPTIONS],
]);
/** Docker's other drivers. */
const NOT_HERE = ['awslogs', 'etwlogs', 'gcplogs', 'logentries', 'splunk'];

/** All that there are, by name. */
export const LOG_DRIVERS: readonly string[] = [...STORED.keys(), ...FORWARDING_DRIVERS.keys(), 'none'].sort();

/** True when what the container writes goes to somebody else as well. */
export const isForwarded = ({ driver }: LogConfig): boolean => FORWARDING_DRIVERS.has(driver);

/** Checks driver and options when a container is created. @throws invalid, unsupported */
export function validateLogConfig(config: LogConfig): void {
  const { driver, options } = config;
  if (driver === 'none') return;
  const forwarding = FORWARDING_DRIVERS.get(driver);
  const known = forwarding?.options ?? STORED.get(driver);
  if (!known) throw unknownDriver(driver);
  for (const name of Object.keys(options))
    if (!known.includes(name) && !ANY_DRIVER.includes(name))
      throw invalid(`unknown log opt '${name}' for ${driver} log driver`);
  validateMode(options);
  booleanOption(options, 'cache-disabled');
  logLimits(config);
  extraAttributes(options, EXAMPLE_SOURCE);
  renderTag(options, EXAMPLE_SOURCE);
  forwarding?.validate(options);
}

const unknownDriver = (driver: string) =>
  NOT_HERE.includes(driver)
    ? unsupported(
        `logging driver '${driver}' is not available in this build; use one of ${LOG_DRIVERS.join(', ')}`,
      )
    : invalid(`logger: no log driver named '${driver}' is registered`);

function validateMode(options: LogOptions): void {
  const mode = options['mode'] ?? '';
  if (!['', 'blocking', 'non-blocking'].includes(mode))
    throw invalid(`logger: logging mode not supported: ${mode}`);
  if (options['max-buffer-size'] === undefined) return;
  if (mode !== 'non-blocking')
    throw invalid(`logger: max-buffer-size option is only supported with 'mode=non-blocking'`);
  sizeOption(options, 'max-buffer-size', 1024);
}

/** @throws unsupported, with Docker's text, when the driver keeps nothing that could be read */
export function requireReadable({ driver, options }: LogConfig): void {
  if (driver === 'none' || (FORWARDING_DRIVERS.has(driver) && booleanOption(options, 'cache-disabled')))
    throw unsupported('configured logging driver does not support reading');
}
