/**
 * A daemon to be killed: makes the containers that `adopt.root.test.ts` expects, reports their ids
 * and identities, and waits for its end.
 * Usage: daemon.fixture.ts <top directory>
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { argv } from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { newId } from '#lib/ids';
import { Bench, eventually } from './runtimes.fixture.ts';

const bench = new Bench({ top: argv[2] ?? '' });
const slow = join(bench.top, 'slow');
mkdirSync(slow);
writeFileSync(
  join(slow, 'crun'),
  '#!/bin/sh\ncase "$*" in *create*) sleep 0.4;; esac\nexec /usr/bin/crun "$@"\n',
  { mode: 0o755 },
);
const runtimes = await bench.open([{ name: 'slow', path: join(slow, 'crun'), args: [] }]);

const identities: Record<string, object> = {};
async function make(name: string, args: string[], more: Parameters<Bench['options']>[2] = {}, starts = true) {
  const id = newId();
  identities[name] = { id, ...(await runtimes.create(bench.options(id, args, more))) };
  if (starts) await runtimes.start(id);
  return id;
}
const counts = ['sh', '-c', 'i=0; while :; do i=$((i+1)); echo $i; sleep 0.002; done'];
const running = await make('running', counts);
await make('exits', ['sh', '-c', 'sleep 0.3; exit 42']);
await make('created', ['sh', '-c', 'echo late; exit 5'], {}, false);
await make('types', ['cat'], { openStdin: true });
await make('orphan', ['sh', '-c', 'trap "exit 6" TERM; while :; do sleep 0.02; done']);
await make('stranger', ['sleep', '500']);
const detached = await bench.exec(running, ['sh', '-c', 'while :; do sleep 1; done'], { detached: true });
await eventually(() => bench.logged(running).includes('10\n'), 'it counts');

// Two creates in the middle of which we die.
const half = newId();
void runtimes.create(bench.options(half, ['true'], { runtime: 'slow' }));
const untouched = newId();
void runtimes.create(bench.options(untouched, ['true'], { runtime: 'slow' }));
await sleep(100);
console.log(JSON.stringify({ identities, half, untouched, execPid: detached.pid }));
setInterval(() => {}, 1000);
