import type { Context } from '../context.ts';
import { DEFAULT_DETACH_KEYS, parseDetachKeys } from './detach-keys.ts';

export interface DetachKeys {
  /** What the daemon is told; undefined = its default. */
  readonly said: string | undefined;
  readonly bytes: Buffer;
}

/** `--detach-keys`, else those of config.json, else Docker's. Only a terminal has keys. @throws invalid */
export function detachKeysOf(context: Context, flag: string, tty: boolean): DetachKeys {
  if (flag === '' && !tty) return { said: undefined, bytes: Buffer.alloc(0) };
  const said = flag || context.config.detachKeys || undefined;
  return { said, bytes: parseDetachKeys(said ?? DEFAULT_DETACH_KEYS) };
}
