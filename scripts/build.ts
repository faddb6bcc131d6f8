import { readdir, rm } from 'node:fs/promises';
import { buildCli } from './build-cli.ts';
import { buildDaemon } from './build-daemon.ts';

// `npm run build` makes the CLI; with `-- --daemon` the daemon too, which else runs from its sources.
await buildCli();
if (process.argv.includes('--daemon')) await buildDaemon();
else {
  // One that is not built anew would go on running old code.
  for (const file of await readdir('dist')) if (file.startsWith('berthd')) await rm(`dist/${file}`);
}
