import { readFileSync, writeFileSync } from 'node:fs';
import { messageOf } from '#lib/errors';
import { type Config, loadConfig } from './config.ts';
import { handleCrashes } from './crashes.ts';
import { DaemonLog } from './log.ts';
import type { Settings } from './options.ts';
import { parseArguments, usage } from './parse-arguments.ts';
import { handleSignals } from './signals.ts';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

/** dockerd's exit status for a command line that it does not understand. */
const BAD_USAGE = 125;

function read(argv: readonly string[]): { flags: Settings; config: Config } {
  const flags = parseArguments(argv);
  if (flags.help) {
    process.stdout.write(usage());
    process.exit(0);
  }
  if (flags.version) {
    process.stdout.write(`Berth version ${version}\n`);
    process.exit(0);
  }
  return { flags, config: loadConfig(flags) };
}

function readOrExit(argv: readonly string[]): { flags: Settings; config: Config } {
  try {
    return read(argv);
  } catch (error) {
    process.stderr.write(`berthd: ${messageOf(error)}\nSee 'berthd --help'.\n`);
    process.exit(BAD_USAGE);
  }
}

async function main(): Promise<void> {
  const { flags, config } = readOrExit(process.argv.slice(2));
  if (flags.validate) {
    process.stdout.write('configuration OK\n');
    return;
  }
  // For ps, top and the next daemon that finds our pid file; the command line stays as it is.
  writeFileSync('/proc/self/comm', 'berthd');
  const log = new DaemonLog({
    level: config.logLevel,
    format: config.logFormat ?? (process.stderr.isTTY ? 'text' : 'json'),
    target: process.stderr,
  });
  handleCrashes(log);
  try {
    // Only now: `--version` and a wrong flag need nothing of it.
    const { startDaemon } = await import('./daemon.ts');
    handleSignals(await startDaemon(config, version, log), flags, config, log);
  } catch (error) {
    log.error('failed to start daemon', { error: messageOf(error) });
    process.exit(1);
  }
}

await main();
