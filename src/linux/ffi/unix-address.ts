import { basename, dirname } from 'node:path';
import { invalid } from '#lib/errors';
import { O_CLOEXEC, O_PATH } from './constants.ts';
import { close, open } from './descriptors.ts';
import { AF_UNIX } from './socket.ts';

/** `sun_path`, its NUL not counted. */
const PATH_LIMIT = 107;

/**
 * Calls `use` with a `struct sockaddr_un` for the path. One that is too long is reached through a
 * descriptor of its directory, which is open only meanwhile.
 */
export function withUnixAddress<T>(path: string, use: (address: Uint8Array) => T): T {
  if (path.includes('\0')) throw invalid(`${JSON.stringify(path)} contains a NUL byte`);
  if (Buffer.byteLength(path) <= PATH_LIMIT) return use(encode(path));
  const directory = open(dirname(path), O_PATH | O_CLOEXEC, 0);
  try {
    const short = `/proc/self/fd/${directory}/${basename(path)}`;
    if (Buffer.byteLength(short) > PATH_LIMIT) throw invalid(`the socket's name is too long: ${path}`);
    return use(encode(short));
  } finally {
    close(directory);
  }
}

function encode(path: string): Uint8Array {
  const name = Buffer.from(path);
  const address = Buffer.alloc(2 + name.length + 1);
  address.writeUInt16LE(AF_UNIX);
  name.copy(address, 2);
  return address;
}
