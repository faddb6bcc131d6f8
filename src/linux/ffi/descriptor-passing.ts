import koffi from 'koffi';
import { invalid } from '#lib/errors';
import { libcCall } from './call.ts';

const recvmsg = libcCall<[fd: number, message: Uint8Array, flags: number]>('long recvmsg(int, void *, int)');
const sendmsg = libcCall<[fd: number, message: Uint8Array, flags: number]>('long sendmsg(int, void *, int)');

const MSG_CMSG_CLOEXEC = 0x40000000;
const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;

// Everything that a message points to lies in one block, at these offsets. 64-bit layouts:
// msghdr { name*, u32 namelen, iov*, size iovlen, control*, size controllen, int flags }, 56 bytes
// iovec { base*, size length }
// cmsghdr { size length, int level, int type }, then the descriptors
const IOVEC = 56;
const DATA = 128;
const DATA_SIZE = 256;
const CONTROL = DATA + DATA_SIZE;
const CONTROL_SIZE = 128;
const CMSG_HEADER = 16;

function block(dataLength: number, controlLength: number): Buffer {
  // Too big for V8's heap, so the collector does not move it.
  const bytes = Buffer.alloc(CONTROL + CONTROL_SIZE);
  const address = koffi.address(bytes);
  bytes.writeBigUInt64LE(address + BigInt(IOVEC), 16);
  bytes.writeBigUInt64LE(1n, 24);
  bytes.writeBigUInt64LE(address + BigInt(CONTROL), 32);
  bytes.writeBigUInt64LE(BigInt(controlLength), 40);
  bytes.writeBigUInt64LE(address + BigInt(DATA), IOVEC);
  bytes.writeBigUInt64LE(BigInt(dataLength), IOVEC + 8);
  return bytes;
}

export interface Received {
  /** The bytes' count (0: end) or minus errno. */
  readonly length: number;
  /** At most 256. */
  readonly data: Buffer;
  /** Close-on-exec, the receiver's to close. */
  readonly descriptors: number[];
}

/** recvmsg(2) with SCM_RIGHTS (unix(7)). */
export function receiveDescriptors(socket: number): Received {
  const bytes = block(DATA_SIZE, CONTROL_SIZE);
  const length = recvmsg.attempt(socket, bytes, MSG_CMSG_CLOEXEC);
  const descriptors: number[] = [];
  const filled = length < 0 ? 0 : Number(bytes.readBigUInt64LE(40));
  for (let offset = 0; offset + CMSG_HEADER <= filled; ) {
    const at = CONTROL + offset;
    const size = Number(bytes.readBigUInt64LE(at));
    if (size < CMSG_HEADER) break;
    if (bytes.readInt32LE(at + 8) === SOL_SOCKET && bytes.readInt32LE(at + 12) === SCM_RIGHTS) {
      for (let each = CMSG_HEADER; each + 4 <= size; each += 4)
        descriptors.push(bytes.readInt32LE(at + each));
    }
    offset += (size + 7) & ~7;
  }
  return { length, data: bytes.subarray(DATA, DATA + Math.max(0, length)), descriptors };
}

/** sendmsg(2) of at most 256 bytes and some descriptors. @throws SystemError, invalid */
export function sendDescriptors(socket: number, data: Uint8Array, descriptors: readonly number[]): void {
  const length = CMSG_HEADER + 4 * descriptors.length;
  if (data.length > DATA_SIZE || length > CONTROL_SIZE) {
    throw invalid(`cannot pass ${descriptors.length} descriptors with ${data.length} bytes`);
  }
  const bytes = block(data.length, (length + 7) & ~7);
  bytes.set(data, DATA);
  bytes.writeBigUInt64LE(BigInt(length), CONTROL);
  bytes.writeInt32LE(SOL_SOCKET, CONTROL + 8);
  bytes.writeInt32LE(SCM_RIGHTS, CONTROL + 12);
  descriptors.forEach((descriptor, index) =>
    bytes.writeInt32LE(descriptor, CONTROL + CMSG_HEADER + 4 * index),
  );
  sendmsg(socket, bytes, 0);
}
