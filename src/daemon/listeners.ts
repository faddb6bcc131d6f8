import { chownSync, mkdirSync, unlinkSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { type Api, serverOptions } from '#api';
import { codeOf, conflict, invalid, messageOf, systemError } from '#lib/errors';
import type { Logger } from '#lib/log';
import { socketGroup } from './group.ts';
import { type Host, parseHost } from './host.ts';
import { type TlsFiles, tlsOptions } from './tls.ts';

export interface ListenOptions {
  readonly hosts: readonly string[];
  readonly group: string | undefined;
  /** The sockets are for this user alone. */
  readonly rootless: boolean;
  readonly tls: TlsFiles | undefined;
  readonly log: Logger;
}

/** Where the daemon can be reached. */
export interface Listeners {
  readonly addresses: readonly string[];
  /** Removes the sockets' files; the servers themselves are closed by the API that they serve. */
  removeSockets(): void;
}

/** Opens every host or none. @throws invalid, conflict, system */
export async function listen(api: Api, options: ListenOptions): Promise<Listeners> {
  const { hosts, group, rootless, tls, log } = options;
  const addresses: string[] = [];
  const sockets: string[] = [];
  const wanted = hosts.map((text) => parseHost(text, tls !== undefined));
  for (const host of wanted) {
    if (host.kind === 'fd') {
      for (const server of await inheritedServers(host.number, tls)) api.serve(server);
      addresses.push(`fd://${host.number ?? ''}`);
      continue;
    }
    const server = await createFor(host.kind === 'unix' ? undefined : tls);
    if (host.kind === 'unix') {
      await listenUnix(server, host.path, rootless ? undefined : socketGroup(group));
      sockets.push(host.path);
      addresses.push(`unix://${host.path}`);
    } else {
      if (!tls?.verify) warnOpen(log, host);
      addresses.push(await listenTcp(server, host));
    }
    api.serve(server);
  }
  return {
    addresses,
    removeSockets() {
      for (const path of sockets) unlinkIfThere(path);
    },
  };
}

/** TLS is loaded where it is used only: it costs a daemon on a unix socket some megabytes. */
async function createFor(tls: TlsFiles | undefined): Promise<Server> {
  if (!tls) return createServer(serverOptions);
  const https = await import('node:https');
  // Clients close their side of a hijacked connection to say that stdin is over.
  return https.createServer({ ...serverOptions, ...tlsOptions(tls), allowHalfOpen: true } as object);
}

/** Servers on what a service manager opened for us: all of it, or the socket of a number. @throws invalid, system */
async function inheritedServers(number: number | undefined, tls: TlsFiles | undefined): Promise<Server[]> {
  const { inheritedSockets } = await import('#linux/socket');
  const inherited = inheritedSockets(process.env);
  const chosen = number === undefined ? inherited : inherited.slice(number - 3, number - 2);
  if (chosen.length === 0)
    throw invalid(`fd://${number}: the service manager opened ${inherited.length} sockets, from 3 on`);
  return Promise.all(
    chosen.map(async ({ fd, isUnix }) => {
      const server = await createFor(isUnix ? undefined : tls);
      await new Promise<void>((resolve, reject) => {
        server.once('error', (error) =>
          reject(systemError(`cannot listen on an inherited socket: ${messageOf(error)}`, error)),
        );
        server.listen({ fd }, resolve);
      });
      return server;
    }),
  );
}

async function listenUnix(server: Server, path: string, group: number | undefined): Promise<void> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  if (await isServed(path)) {
    throw conflict(`can't create unix socket ${path}: another daemon listens on it`);
  }
  unlinkIfThere(path);
  // bind(2) happens inside listen(): between the two lines nothing else runs that the mask could hit.
  const mask = process.umask(0o117);
  const bound = new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(path, resolve);
  });
  process.umask(mask);
  try {
    await bound;
  } catch (error) {
    throw systemError(`can't create unix socket ${path}: ${messageOf(error)}`, error);
  }
  if (group !== undefined) chownSync(path, 0, group);
}

/** A socket whose daemon was killed is still there, and nobody answers. */
function isServed(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path);
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', () => resolve(false));
  });
}

function unlinkIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
}

async function listenTcp(server: Server, { address, port }: Extract<Host, { kind: 'tcp' }>): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => {
      reject(systemError(`cannot listen on ${address}:${port}: ${messageOf(error)}`, error));
    });
    server.listen(port, address, resolve);
  });
  const bound = server.address();
  if (typeof bound !== 'object' || !bound) return `tcp://${address}:${port}`;
  return `tcp://${bound.family === 'IPv6' ? `[${bound.address}]` : bound.address}:${bound.port}`;
}

function warnOpen(log: Logger, { address, port }: Extract<Host, { kind: 'tcp' }>): void {
  log.warn(
    `the API is open to everybody who can reach tcp://${address}:${port}, which is root access to this host: use --tlsverify`,
  );
}
