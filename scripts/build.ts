import { mkdir } from 'node:fs/promises';
import { buildCli } from './build-cli.ts';
import { buildDaemon } from './build-daemon.ts';

await mkdir('dist', { recursive: true });
await buildDaemon();
await buildCli();
