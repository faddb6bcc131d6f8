import koffi from 'koffi';
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

/** recvmsg(2) with SCM_RIGHTS (unix(7)): the bytes' count (0: end) or minus errno, and the descriptors, close-on-exec. */
export function receiveDescriptors(socket: number): { length: number; descriptors: number[] } {
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
  return { length, descriptors };
}

/** sendmsg(2) of one descriptor and, unless `data` is false, one byte. @throws SystemError */
export function sendDescriptor(socket: number, descriptor: number, { data = true } = {}): void {
  const bytes = block(data ? 1 : 0, CMSG_HEADER + 8);
  bytes.writeBigUInt64LE(BigInt(CMSG_HEADER + 4), CONTROL);
  bytes.writeInt32LE(SOL_SOCKET, CONTROL + 8);
  bytes.writeInt32LE(SCM_RIGHTS, CONTROL + 12);
  bytes.writeInt32LE(descriptor, CONTROL + CMSG_HEADER);
  sendmsg(socket, bytes, 0);
}
