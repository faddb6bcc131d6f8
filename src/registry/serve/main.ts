import { readFileSync } from 'node:fs';
import { messageOf } from '#lib/errors';
import { LineLog } from '#lib/line-log';
import { type Config, loadConfig } from './config.ts';
import { parseCommandLine, usage } from './flags.ts';

const version = (): string => {
  const file = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(file) as { version: string }).version;
};

/** Undefined when there is nothing to serve. @throws invalid */
function read(argv: readonly string[]): Config | undefined {
  const line = parseCommandLine(argv);
  if (line.help) process.stdout.write(usage());
  else if (line.version) process.stdout.write(`Berth registry version ${version()}\n`);
  else {
    const config = loadConfig(line);
    if (!line.validate) return config;
    process.stderr.write('configuration OK\n');
  }
  return undefined;
}

async function main(): Promise<void> {
  let config: Config | undefined;
  try {
    config = read(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`berth registry serve: ${messageOf(error)}\nSee 'berth registry serve --help'.\n`);
    process.exitCode = 1;
  }
  if (!config) return;
  const log = new LineLog({ ...config.log, target: process.stderr });
  process.on('unhandledRejection', (error) => log.error('unhandled rejection', { error }));
  try {
    const { serve } = await import('./serve.ts');
    const serving = await serve(config, log);
    const { address, port } = serving.address;
    log.info('registry serves', { address, port, root: config.root, tls: config.tls !== undefined });
    let stopping = false;
    const stop = (signal: NodeJS.Signals) => {
      // The second one means it.
      if (stopping) process.exit(1);
      stopping = true;
      log.info('processing signal', { signal });
      void stopThenExit(serving, log);
    };
    process.on('SIGTERM', stop).on('SIGINT', stop);
  } catch (error) {
    log.error('the registry cannot start', { error: messageOf(error) });
    process.exitCode = 1;
  }
}

async function stopThenExit(serving: AsyncDisposable, log: LineLog): Promise<void> {
  try {
    await serving[Symbol.asyncDispose]();
  } catch (error) {
    log.error('the registry did not end in good order', { error: messageOf(error) });
    process.exit(1);
  }
  process.exit(0);
}

await main();
