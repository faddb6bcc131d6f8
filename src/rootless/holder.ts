// The program that holds the namespaces of a rootless engine. It is root of a user namespace, begins in the host's
// network, and lives as long as there is an engine or a container in its namespaces.
import { readlinkSync } from 'node:fs';
import { messageOf } from '#lib/errors';
import { SMALL, Thread } from '#lib/thread';
import { unmount } from '#linux/mount';
import { bindNamespace, leaveNetwork } from '#linux/namespaces';
import { RouteSocket } from '#linux/netlink';
import { exitNow, ProcessHandle, wait } from '#linux/process';
import { serveEngines } from './control.ts';
import { Forwards } from './forwards.ts';
import { connected, nameServerOf, networkArguments } from './network.ts';
import { NetworkProcess } from './network-process.ts';
import type { OutsideThread } from './outside-thread.ts';
import { Place } from './place.ts';
import type { NetworkProgram } from './requirements.ts';
import { replaceResolvConf } from './resolv-conf.ts';

const [execRoot = '', kind, path = ''] = process.argv.slice(2);
const place = new Place(execRoot);
const program: NetworkProgram = { kind: kind === 'slirp4netns' ? kind : 'pasta', path };

/** Milliseconds before the way out of the network is opened again when it has closed by itself. */
const RETRY_MS = 1000;

async function hold(): Promise<void> {
  const outside = new Thread<OutsideThread>(new URL('./outside-thread.ts', import.meta.url), SMALL);
  await outside.call('started');
  // The thread stays where it is; this one, which relays, is in the engine's network from here on.
  leaveNetwork();
  using route = new RouteSocket();
  route.send([{ op: 'link-up', name: 'lo' }]);
  place.clear();
  bindNamespace('/proc/thread-self/ns/net', place.netns);
  replaceResolvConf(place.resolvConf, nameServerOf(program));
  const network = await connect(outside);
  await serveEngines(place.socket, new Forwards(outside), () => void end(network));
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void end(network));
  using self = ProcessHandle.open(process.pid);
  if (!self) return;
  place.write({ identity: self.identity, userNamespace: readlinkSync('/proc/self/ns/user') });
}

async function connect(outside: Thread<OutsideThread>): Promise<NetworkProcess> {
  const network = await NetworkProcess.start({
    start: () => outside.call('spawn', program.path, networkArguments(program, place.netns)),
    ended: wait,
    kill: (pid) => process.kill(pid, 'SIGKILL'),
    retry: RETRY_MS,
    onRestart: () => console.error(`${program.kind} has ended, and is started again`),
  });
  await connected(program, network.ended);
  void network.keep();
  return network;
}

async function end(network: NetworkProcess): Promise<never> {
  await network.end();
  try {
    // Where something is mounted on a file it cannot be removed.
    for (const path of [place.netns, place.resolvConf]) await unmount(path);
    place.clear();
  } finally {
    exitNow(0);
  }
}

// Whoever started us reads one line.
try {
  await hold();
  process.stdout.write('ready\n');
} catch (error) {
  process.stdout.write(`${messageOf(error)}\n`);
  exitNow(1);
}
