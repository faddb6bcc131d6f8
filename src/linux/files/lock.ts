import { errnoNumber, SystemError } from '../errno.ts';
import { flock } from '../ffi/files.ts';

const LOCK_EX = 2;
const LOCK_NB = 4;

/** flock(2), exclusive: false when somebody else holds it. It goes with the descriptor, so also when we are killed. @throws SystemError */
export function tryLock(fd: number): boolean {
  const result = flock.attempt(fd, LOCK_EX | LOCK_NB);
  if (result === 0) return true;
  if (result === -errnoNumber('EAGAIN')) return false;
  throw new SystemError('flock', [fd, 'LOCK_EX|LOCK_NB'], -result);
}
