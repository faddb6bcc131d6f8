import { messageOf } from '#lib/errors';
import { type Config, loadConfig } from './config.ts';
import type { Daemon } from './daemon.ts';
import type { DaemonLog } from './log.ts';
import type { Settings } from './options/index.ts';

const IMPATIENCE = 3;

interface Circumstances {
  readonly flags: Settings;
  /** The configuration that the daemon started with. */
  readonly started: Config;
  readonly log: DaemonLog;
  readonly exit: (status: number) => never;
}

/** SIGTERM and SIGINT end the daemon (the third one at once), SIGHUP reads the configuration again. */
export function handleSignals(daemon: Daemon, { flags, started, log, exit }: Circumstances): void {
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
  process.on('SIGHUP', () => reload(flags, started, log));
}

/** The log's level changes at once; what else changed is named, since it needs a restart. */
function reload(flags: Settings, started: Config, log: DaemonLog): void {
  let config: Config;
  try {
    config = loadConfig(flags);
  } catch (error) {
    log.error('the configuration was not reloaded', { error: messageOf(error) });
    return;
  }
  log.level = config.logLevel;
  log.info('reloaded the configuration', { logLevel: config.logLevel });
  const { logLevel: _level, ...rest } = config;
  const { logLevel: _startedLevel, ...before } = started;
  if (JSON.stringify(rest) !== JSON.stringify(before)) {
    log.warn('other settings have changed too: restart the daemon to use them');
  }
}
