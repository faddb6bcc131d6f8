import { unlinkSync } from 'node:fs';
import { codeOf, systemError } from '#lib/errors';
import { SystemError } from '../errno.ts';
import { receiveDescriptors } from '../ffi/descriptor-passing.ts';
import { close } from '../ffi/descriptors.ts';
import { whenReady } from '../ffi/readiness.ts';
import {
  AF_UNIX,
  accept4,
  bind,
  listen,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  socket,
} from '../ffi/socket.ts';
import { withUnixAddress } from '../ffi/unix-address.ts';

export interface ConsoleSocket {
  /**
   * Waits for the runtime to connect and to send the terminal: its master end, close-on-exec and
   * non-blocking or not as the sender left it. The caller closes it.
   * @throws cancelled (also when the socket is closed), system when the runtime goes without sending
   */
  receive(signal?: AbortSignal): Promise<number>;
  /** Stops listening and removes the file. */
  close(): void;
}

/** Listens where `crun exec --console-socket` sends a terminal (SCM_RIGHTS). @throws SystemError */
export function openConsoleSocket(path: string): ConsoleSocket {
  const listening = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  try {
    withUnixAddress(path, (address) => {
      const result = bind.attempt(listening, address, address.length);
      if (result < 0) throw new SystemError('bind', [path], -result);
    });
    listen(listening, 1);
  } catch (error) {
    close(listening);
    throw error;
  }
  const closing = new AbortController();
  return {
    receive: (signal) =>
      receive(listening, signal ? AbortSignal.any([signal, closing.signal]) : closing.signal),
    close: () => {
      if (closing.signal.aborted) return;
      closing.abort();
      close(listening);
      removeFile(path);
    },
  };
}

async function receive(listening: number, signal: AbortSignal): Promise<number> {
  await whenReady(listening, { readable: true }, signal);
  const connection = accept4(listening, null, null, SOCK_CLOEXEC | SOCK_NONBLOCK);
  try {
    await whenReady(connection, { readable: true }, signal);
    const { length, descriptors } = receiveDescriptors(connection);
    if (length < 0) throw new SystemError('recvmsg', ['console socket'], -length);
    const [terminal, ...others] = descriptors;
    for (const fd of others) close(fd);
    if (terminal === undefined) throw systemError('the runtime sent no terminal');
    return terminal;
  } finally {
    close(connection);
  }
}

function removeFile(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
}
