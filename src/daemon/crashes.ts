import { messageOf } from '#lib/errors';
import type { Logger } from '#lib/log';

/**
 * What nobody caught. A failed promise concerns the one request that it belonged to; after an exception
 * nobody knows what was half done, so the process ends at once: records are on disk, containers run on,
 * and the next start settles the rest.
 */
export function handleCrashes(log: Logger, exit: (status: number) => never): void {
  const fields = (error: unknown) => ({
    error: messageOf(error),
    stack: error instanceof Error ? error.stack : undefined,
  });
  process.on('unhandledRejection', (error) => log.error('unhandled rejection', fields(error)));
  process.on('uncaughtException', (error) => {
    log.error('uncaught exception: the daemon ends, containers run on', fields(error));
    exit(70);
  });
}
