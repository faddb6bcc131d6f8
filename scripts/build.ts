import { buildCli } from './build-cli.ts';
import { buildDaemon } from './build-daemon.ts';

await buildCli();
// The last: its time tells whether a build is as new as the sources.
await buildDaemon();
