import { chmod, chown } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import type { RunMount } from '#dockerfile';
import { notFound } from '#lib/errors';
import { newId } from '#lib/ids';
import type { Scope } from '#lib/scope';
import type { BuildSession } from '../session.ts';

type SshMount = Extract<RunMount, { type: 'ssh' }>;

/**
 * A socket on which the client's agent answers, until the scope ends: keys stay where they are. Undefined when the
 * client has none of that id. @throws notFound when it must have
 */
export async function listenForAgent(
  { ssh, temporary }: Pick<BuildSession, 'ssh' | 'temporary'>,
  { id, required, mode = 0o600, uid = 0, gid = 0 }: SshMount,
  scope: Scope,
): Promise<string | undefined> {
  if (!(await ssh.has(id))) {
    if (required) throw notFound(`ssh agent ${id}: not found: give it with --ssh ${id}`);
    return undefined;
  }
  const path = join(temporary, newId().slice(0, 12));
  const open = new Set<Duplex>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    open.add(socket.once('close', () => open.delete(socket)));
    relay(socket, () => ssh.connect(id)).catch(() => socket.destroy());
  });
  await listening(server, path);
  scope.defer(async () => {
    for (const socket of open) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  await chmod(path, mode);
  await chown(path, uid, gid);
  return path;
}

async function relay(
  socket: Socket,
  connect: () => ReturnType<BuildSession['ssh']['connect']>,
): Promise<void> {
  // Bytes wait in the kernel until the other side is there.
  socket.on('error', () => socket.destroy());
  const { input, output } = await connect();
  const end = () => {
    socket.destroy();
    output.destroy();
    input.destroy();
  };
  socket.once('close', end);
  for (const stream of [input, output]) stream.on('error', end).once('close', end);
  socket.pipe(output);
  input.pipe(socket);
}

const listening = (server: Server, path: string): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject).listen(path, () => resolve());
  });
