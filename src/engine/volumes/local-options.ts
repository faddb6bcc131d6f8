import { invalid } from '#lib/errors';

/** What the local driver mounts on a volume before it is used; arguments of mount(8). */
export interface DeviceMount {
  readonly type: string;
  readonly device: string;
  readonly options: string;
}

const KNOWN: ReadonlySet<string> = new Set(['type', 'device', 'o', 'size']);

/**
 * Checks the options of `volume create --opt`. @throws invalid
 */
export function checkLocalOptions(name: string, options: Readonly<Record<string, string>>): void {
  for (const key of Object.keys(options)) {
    if (!KNOWN.has(key)) throw invalid(`create ${name}: invalid option: ${JSON.stringify(key)}`);
  }
  if (options['size'] !== undefined) {
    throw invalid(
      `create ${name}: quota size requested but no quota support: for a volume in memory use ` +
        '--opt type=tmpfs --opt device=tmpfs --opt o=size=...',
    );
  }
  if (Object.keys(options).length === 0) return;
  for (const key of ['device', 'type'] as const) {
    if (!options[key]) throw invalid(`create ${name}: missing required option: ${JSON.stringify(key)}`);
  }
  for (const [key, value] of Object.entries(options)) {
    if (/\p{Cc}/u.test(value))
      throw invalid(`create ${name}: invalid value of option ${JSON.stringify(key)}`);
  }
}

/** The mount that a volume's options ask for; undefined for a plain directory. */
export function deviceMountOf(options: Readonly<Record<string, string>>): DeviceMount | undefined {
  const { type, device, o = '' } = options;
  return type && device ? { type, device, options: o } : undefined;
}
