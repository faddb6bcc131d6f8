import { closeSync, constants, ftruncateSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { conflict } from '#lib/errors';
import { tryLock } from '#linux/files';

/**
 * Takes a root for this process. The kernel gives it back when the process ends, however that happens.
 * @throws conflict naming the owner
 */
export function lockRoot(root: string): Disposable {
  mkdirSync(root, { recursive: true, mode: 0o711 });
  const path = join(root, 'engine.lock');
  const descriptor = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);
  if (!tryLock(descriptor)) {
    closeSync(descriptor);
    const owner = readFileSync(path, 'utf8').trim();
    throw conflict(
      `${root} is in use by another engine${owner ? ` (process ${owner})` : ''}: stop that one, or use other roots (--data-root, --exec-root)`,
    );
  }
  ftruncateSync(descriptor);
  writeSync(descriptor, `${process.pid}\n`, 0);
  return { [Symbol.dispose]: () => closeSync(descriptor) };
}
