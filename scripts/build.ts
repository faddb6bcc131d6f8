import { buildCli } from './build-cli.ts';
import { buildDaemon } from './build-daemon.ts';

await buildDaemon();
await buildCli();
