import { mkdtempSync, rmSync } from 'node:fs';
import { type Peer, run } from '../peer.ts';
import { startDaemon, stopDaemon } from './daemon.ts';

const bin = new URL('../../bin/', import.meta.url).pathname;

export async function startBerth(): Promise<Peer> {
  const root = mkdtempSync('/var/tmp/bench-berth-');
  const socket = `${root}/s`;
  const flags = ['--data-root', `${root}/data`, '--exec-root', `${root}/exec`, '-H', `unix://${socket}`];
  const daemon = await startDaemon([`${bin}berthd`, ...flags], socket, `${root}/log`);
  const command = [`${bin}berth`, '-H', `unix://${socket}`];
  const version = (await run([`${bin}berth`, '--version'])).trim();
  return {
    name: 'berth',
    version,
    command,
    runFlags: [],
    socket,
    processes: new RegExp(`${root}(?!\\S*/s berth)|conmon.*${root}`),
    async [Symbol.asyncDispose]() {
      await stopDaemon(daemon);
      await run([
        'sh',
        '-c',
        `for m in $(grep -o '${root}[^ ]*' /proc/self/mountinfo | sort -ru); do umount -l "$m" 2>/dev/null; done; true`,
      ]);
      rmSync(root, { recursive: true, force: true });
    },
  };
}
