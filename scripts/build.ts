import { buildCli } from './build-cli.ts';
import { buildDaemon } from './build-daemon.ts';

// `npm run build` makes the CLI; with `-- --daemon` the daemon too, which else runs from its sources.
await buildCli();
if (process.argv.includes('--daemon')) await buildDaemon();
