import { invalid } from '#lib/errors';
import { close, duplicate } from '../ffi/descriptors.ts';
import { AF_UNIX, getsockopt, SO_DOMAIN, SOL_SOCKET } from '../ffi/socket.ts';

export interface InheritedSocket {
  /** Close-on-exec, for `server.listen({ fd })`. */
  readonly fd: number;
  readonly isUnix: boolean;
}

/** sd_listen_fds(3). */
const FIRST = 3;

/**
 * The listening sockets that a service manager opened for this process and for no other. To be called once: the
 * variables that tell of them are removed, so that no child takes them for its own. @throws invalid when there is none
 */
export function inheritedSockets(environment: NodeJS.ProcessEnv): InheritedSocket[] {
  const count = environment['LISTEN_PID'] === String(process.pid) ? Number(environment['LISTEN_FDS']) : 0;
  for (const name of ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES']) delete environment[name];
  if (!Number.isInteger(count) || count < 1)
    throw invalid('no sockets found via socket activation: make sure the service was started by systemd');
  return Array.from({ length: count }, (_, i) => {
    const fd = duplicate(FIRST + i, FIRST + count);
    close(FIRST + i);
    const domain = new Int32Array(1);
    getsockopt(fd, SOL_SOCKET, SO_DOMAIN, domain, new Uint32Array([4]));
    return { fd, isUnix: domain[0] === AF_UNIX };
  });
}
