import { readFileSync, writeFileSync } from 'node:fs';
import { messageOf } from '#lib/errors';
import { LineLog } from '#lib/line-log';
import { INSIDE, launchRootless } from '#rootless';
import { type Config, loadConfig } from './config.ts';
import { handleCrashes } from './crashes.ts';
import type { Settings } from './options/index.ts';
import { parseArguments, usage } from './parse-arguments.ts';
import { exportProxies } from './proxies.ts';
import { handleSignals } from './signals.ts';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

/** Undefined when there is nothing to start: the exit status is set then. */
function read(argv: readonly string[]): { flags: Settings; config: Config } | undefined {
  try {
    const flags = parseArguments(argv);
    if (flags.help) process.stdout.write(usage());
    else if (flags.version) process.stdout.write(`Berth version ${version}\n`);
    else return { flags, config: loadConfig(flags) };
  } catch (error) {
    process.stderr.write(`berthd: ${messageOf(error)}\nSee 'berthd --help'.\n`);
    // As dockerd, whatever the reason.
    process.exitCode = 1;
  }
  return undefined;
}

async function main(): Promise<void> {
  const settings = read(process.argv.slice(2));
  if (!settings) return;
  const { flags, config } = settings;
  if (flags.validate) {
    process.stderr.write('configuration OK\n');
    return;
  }
  if (!config.rootless && process.getuid?.() !== 0) {
    process.stderr.write(
      'berthd: only root can run it like this: an ordinary user starts berthd --rootless\n',
    );
    process.exitCode = 1;
    return;
  }
  if (config.rootless && !process.env[INSIDE]) return launch(config);
  // For ps, top and the next daemon that finds our pid file; the command line stays as it is.
  writeFileSync('/proc/self/comm', 'berthd');
  const log = new LineLog({
    level: config.logLevel,
    format: config.logFormat ?? (process.stderr.isTTY ? 'text' : 'json'),
    target: process.stderr,
  });
  // Only now: `--version` and a wrong flag need nothing of it.
  const { exitNow } = await import('#linux/process');
  handleCrashes(log, exitNow);
  exportProxies(config.engine.proxies, log);
  try {
    const { startDaemon } = await import('./daemon.ts');
    handleSignals(await startDaemon(config, version, log), { flags, log, exit: exitNow });
  } catch (error) {
    log.error('failed to start daemon', { error: messageOf(error) });
    exitNow(1);
  }
}

/** Starts this program anew where it can be root. */
async function launch({ engine }: Config): Promise<void> {
  try {
    await launchRootless(engine);
  } catch (error) {
    process.stderr.write(`berthd: ${messageOf(error)}\n`);
    process.exitCode = 1;
  }
}

await main();
