import { messageOf } from '#lib/errors';
import type { LineLog } from '#lib/line-log';
import { loadConfig } from './config.ts';
import type { Daemon } from './daemon.ts';
import type { Settings } from './options/index.ts';

const IMPATIENCE = 3;

interface Circumstances {
  readonly flags: Settings;
  readonly log: LineLog;
  readonly exit: (status: number) => never;
}

/** SIGTERM and SIGINT end the daemon (the third one at once), SIGHUP reads the configuration again. */
export function handleSignals(daemon: Daemon, { flags, log, exit }: Circumstances): void {
  let asked = 0;
  const stop = (signal: NodeJS.Signals) => {
    asked++;
    log.info('processing signal', { signal });
    if (asked >= IMPATIENCE) {
      log.error(`forcing shutdown without cleanup: ${asked} signals received`);
      exit(1);
    }
    if (asked === 1) {
      void daemon.stop().then(() => {
        log.info('daemon shutdown complete');
        exit(0);
      });
    }
  };
  process.on('SIGTERM', stop).on('SIGINT', stop);
  process.on('SIGHUP', () => reload(daemon, flags, log));
}

function reload(daemon: Daemon, flags: Settings, log: LineLog): void {
  log.info('got signal to reload configuration');
  try {
    daemon.reload(loadConfig(flags));
  } catch (error) {
    log.error('the configuration was not reloaded', { error: messageOf(error) });
  }
}
