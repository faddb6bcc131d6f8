// A thread that stays in the host's network when the rest of the holder leaves it.
import { serve } from '#lib/thread';
import { spawnProcess } from '#linux/process';
import { type PortOptions, reservePort } from '#linux/socket';

const handlers = {
  /** Answers once the thread has loaded. */
  started(): void {},
  /** A descriptor of a bound socket, whose connections wait from now on. */
  listen: (options: PortOptions): number => reservePort({ ...options, listen: true }).fd,
  /** Its output goes to the holder's log. */
  spawn: (path: string, argv: readonly string[]): number =>
    spawnProcess({ path, argv, env: ['PATH=/usr/local/bin:/usr/bin:/bin'], fds: { 1: 2, 2: 2 } }),
};
export type OutsideThread = typeof handlers;

serve(handlers);
