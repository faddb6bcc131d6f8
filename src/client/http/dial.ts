import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ConnectionOptions } from 'node:tls';
import { cancelled, messageOf } from '#lib/errors';
import { ConnectionError, cannotConnect } from '../errors.ts';
import type { Host, TlsFiles } from '../host.ts';
import { BunChannel, inBun } from './bun-channel.ts';
import type { ByteChannel } from './channel.ts';
import { outliveRefusedWrites } from './refused-writes.ts';

/** A unix socket answers at once or not at all; a network may swallow the first packet. */
const TCP_CONNECT_TIMEOUT_MS = 30_000;

/** A stream of bytes both ways; `ref`/`unref` where the process may end although it is open. */
export type Channel = Duplex & { ref?(): unknown; unref?(): unknown };

/**
 * Opens a connection. Half-open is allowed: stdin may end long before the output does.
 * @throws ConnectionError, cancelled
 */
export async function dial(
  host: Host,
  tls: TlsFiles | undefined,
  signal?: AbortSignal,
): Promise<ByteChannel> {
  if (host.kind === 'unix' && inBun()) return dialInBun(host, signal);
  const stream = await dialStream(host, tls, signal);
  outliveRefusedWrites(stream);
  return stream;
}

/** The same as a stream of Node's. @throws ConnectionError, cancelled */
export async function dialStream(
  host: Host,
  tls: TlsFiles | undefined,
  signal?: AbortSignal,
): Promise<Channel> {
  if (host.kind === 'ssh') {
    const { dialSsh } = await import('./ssh.ts');
    return dialSsh(host);
  }
  const secure = host.kind === 'tcp' && host.secure;
  const socket = secure ? await connectTls(host, tls) : connectPlain(host);
  await opened(socket, host, secure ? 'secureConnect' : 'connect', signal);
  return socket;
}

async function dialInBun(host: Extract<Host, { kind: 'unix' }>, signal: AbortSignal | undefined) {
  // A unix socket answers at once: there is nothing to break off.
  if (signal?.aborted) throw cancelled();
  try {
    return await BunChannel.open(host.path);
  } catch (error) {
    throw cannotConnect(host, error);
  }
}

function connectPlain(host: Exclude<Host, { kind: 'ssh' }>): Socket {
  if (host.kind === 'unix') return connect({ path: host.path, allowHalfOpen: true });
  return connect({ host: host.address, port: host.port, allowHalfOpen: true, noDelay: true });
}

async function connectTls(
  host: Extract<Host, { kind: 'tcp' }>,
  files: TlsFiles | undefined,
): Promise<Socket> {
  const tls = await import('node:tls');
  const [ca, cert, key] = [readPem(files?.ca), readPem(files?.cert), readPem(files?.key)];
  const options: ConnectionOptions & { allowHalfOpen: boolean } = {
    host: host.address,
    port: host.port,
    servername: /^[\d.]+$|:/.test(host.address) ? '' : host.address,
    allowHalfOpen: true,
    rejectUnauthorized: files?.verify ?? true,
    ALPNProtocols: ['http/1.1'],
    ...(ca && { ca }),
    ...(cert && { cert }),
    ...(key && { key }),
  };
  return tls.connect(options);
}

function readPem(path: string | undefined): Buffer | undefined {
  if (path === undefined) return undefined;
  try {
    return readFileSync(path);
  } catch (error) {
    throw new ConnectionError(`could not read the TLS file ${path}: ${messageOf(error)}`, error);
  }
}

function opened(socket: Socket, host: Host, event: string, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (outcome: () => void) => {
      socket.off(event, onOpen).off('error', onError).off('timeout', onTimeout);
      socket.setTimeout(0);
      signal?.removeEventListener('abort', onAbort);
      outcome();
    };
    const fail = (error: Error) =>
      settle(() => {
        socket.on('error', () => {}).destroy();
        reject(error);
      });
    const onOpen = () => settle(resolve);
    const onError = (error: Error) => fail(cannotConnect(host, error));
    const onTimeout = () => fail(cannotConnect(host, new Error('no answer to the connection attempt')));
    const onAbort = () => fail(cancelled());
    socket.once(event, onOpen).once('error', onError).once('timeout', onTimeout);
    if (host.kind === 'tcp') socket.setTimeout(TCP_CONNECT_TIMEOUT_MS);
    if (signal?.aborted) onAbort();
    else signal?.addEventListener('abort', onAbort, { once: true });
  });
}
