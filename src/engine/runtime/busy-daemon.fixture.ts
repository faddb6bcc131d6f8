/**
 * A daemon that makes, runs and removes containers until it is killed.
 * Usage: busy-daemon.fixture.ts <top directory>
 */
import { argv } from 'node:process';
import { newId } from '#lib/ids';
import { Bench } from './runtimes.fixture.ts';

const bench = new Bench({ top: argv[2] ?? '' });
const runtimes = await bench.open();

async function loop(): Promise<never> {
  for (;;) {
    const id = newId();
    runtimes.stage(id, bench.rootFs);
    await runtimes.create(bench.options(id, ['sleep', '1000'], { openStdin: true }));
    await runtimes.start(id);
    const session = await bench.exec(id, ['sh', '-c', 'echo x']);
    await session.exited;
    await bench.exec(id, ['sleep', '1000'], { detached: true });
    await runtimes.delete(id);
  }
}
console.log('ready');
await Promise.all([loop(), loop(), loop()]);
