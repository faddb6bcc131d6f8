import { errnoNumber, SystemError } from '../errno.ts';
import { flock, LOCK_EX, LOCK_NB } from '../ffi/files.ts';

/**
 * flock(2), exclusive, non-blocking: false when somebody else holds it. It is held until every
 * copy of the descriptor is closed, so also after kill -9.
 */
export function tryLock(fd: number): boolean {
  const result = flock.attempt(fd, LOCK_EX | LOCK_NB);
  if (result === -errnoNumber('EAGAIN')) return false;
  if (result < 0) throw new SystemError('flock', [fd], -result);
  return true;
}

/** The same, waiting for whoever holds it: only for what is held for an instant. */
export function lock(fd: number): void {
  flock(fd, LOCK_EX);
}
