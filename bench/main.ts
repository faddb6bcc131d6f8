import { mkdtempDisposableSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { busyboxRootfs } from '../scripts/busybox-image.ts';
import { run } from './command.ts';
import type { Contender } from './contender.ts';
import { openContenders, PEERS } from './contenders/index.ts';
import { debianArchive } from './debian.ts';
import { type Outcome, race } from './race.ts';
import { scenarios } from './scenarios/index.ts';
import { smallFilesArchive } from './small-files.ts';
import { progress, type Results, table } from './table.ts';

const options = {
  peers: { type: 'string', default: PEERS.join(',') },
  rows: { type: 'string' },
  repeat: { type: 'string', default: '1' },
  idle: { type: 'string', default: '200' },
  cache: { type: 'string', default: '/var/tmp/berth-bench' },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

const usage = (rows: readonly string[]) => `npm run bench -- [options]
  --peers LIST   columns of the table, from ${PEERS.join(',')}
  --rows LIST    from ${rows.join(',')};
                 network: all that begin with it
  --repeat N     so many times the usual number of rounds
  --idle N       how many idle containers (200)
  --cache DIR    where what takes long to make is kept (/var/tmp/berth-bench)`;

function choose(wanted: string | undefined, known: readonly string[], what: string): string[] {
  if (wanted === undefined) return [...known];
  const names = wanted
    .split(',')
    .filter(Boolean)
    .flatMap((name) => (known.includes(name) ? name : familyOf(name, known)));
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new Error(`no such ${what}: ${unknown} (known: ${known.join(', ')})`);
  return known.filter((name) => names.includes(name));
}

/** `network`: network-verbs, network-ports... */
function familyOf(name: string, known: readonly string[]): readonly string[] {
  const family = known.filter((other) => other.startsWith(`${name}-`));
  return family.length > 0 ? family : [name];
}

function positive(text: string, flag: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new Error(`--${flag} takes a positive number, not ${text}`);
  return Number(text);
}

const say = (text: string) => process.stderr.write(`${text}\n`);

/** Ctrl-C ends what runs; then the contenders are taken down. */
function interrupted(): AbortSignal {
  const controller = new AbortController();
  const stop = (signal: NodeJS.Signals) => controller.abort(new Error(`ended by ${signal}`));
  process.once('SIGINT', stop).once('SIGTERM', stop);
  return controller.signal;
}

async function main(): Promise<void> {
  const { values: flags } = parseArgs({ options });
  const signal = interrupted();
  const all = scenarios({
    idle: positive(flags.idle, 'idle'),
    cache: flags.cache,
    debian: () => debianArchive(flags.cache, signal),
    smallFiles: () => smallFilesArchive(flags.cache),
  });
  if (flags.help) return console.log(usage(Object.keys(all)));
  const rows = choose(flags.rows, Object.keys(all), 'row');
  const repeat = positive(flags.repeat, 'repeat');
  const peers = choose(flags.peers, PEERS, 'peer');
  if (rows.includes('load')) {
    say('== an image of a whole Debian');
    await debianArchive(flags.cache, signal);
  }
  if (rows.includes('small-files')) await smallFilesArchive(flags.cache);
  const rootfs = await busyboxRootfs();

  const began = performance.now();
  // Peers that are ended in the middle of their work leave temporary files.
  using temporary = mkdtempDisposableSync('/var/tmp/bench-tmp-');
  process.env['TMPDIR'] = temporary.path;
  await using contenders = await openContenders(peers, rootfs, say);
  const results: Record<string, Outcome[]> = {};
  for (const [name, scenario] of Object.entries(all)) {
    if (!rows.includes(name) || signal.aborted) continue;
    say(`== ${name}`);
    try {
      results[name] = await race(scenario, contenders.list, { repeat, signal });
      say(progress(name, results[name]));
    } catch (error) {
      if (!signal.aborted) throw error;
      say(`== ${String(error)}: the rows that were done follow`);
      process.exitCode = 130;
    }
    await tidy(contenders.list);
  }
  say(`== done in ${((performance.now() - began) / 1000).toFixed(0)} s\n`);
  print(results, contenders.list);
}

/** What a turn left that failed must not slow down the next ones. */
async function tidy(contenders: readonly Contender[]): Promise<void> {
  for (const contender of contenders) {
    if (contender.kind !== 'engine') continue;
    const { command, name } = contender;
    try {
      const left = (await run([...command, 'ps', '-aq'])).split('\n').filter(Boolean);
      if (left.length > 0) await run([...command, 'rm', '-f', ...left]);
    } catch (error) {
      say(`   ${name}: ${String(error)}`);
    }
  }
}

const print = (results: Results, contenders: readonly Contender[]) =>
  console.log(
    table(
      results,
      contenders.map(({ name }) => name),
    ),
  );

await main();
