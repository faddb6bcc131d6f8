import { errnoNumber, SystemError } from '../errno.ts';
import {
  MSG_DONTWAIT,
  recv,
  SO_SNDBUF,
  SO_SNDBUFFORCE,
  SOL_SOCKET,
  send,
  setsockopt,
} from '../ffi/socket.ts';
import {
  message,
  NLM_F_ACK,
  NLM_F_REQUEST,
  NLMSG_ERROR,
  parseError,
  parseMessages,
} from '../netlink/message.ts';

const NFNL_MSG_BATCH_BEGIN = 16;
const NFNL_MSG_BATCH_END = 17;
export const NFNL_SUBSYS_NFTABLES = 10;

/** Less than any kernel's default of what a socket takes. */
const USUAL_ROOM = 65_536;
/** A message that is refused comes back whole. */
const ANSWER_LIMIT = 65_536;

const LOST = errnoNumber('ENOBUFS');

export const NFPROTO_INET = 1;
export const NFPROTO_IPV4 = 2;

/** One message of a transaction: `NFT_MSG_*`, netlink flags, attributes. */
export type Step = readonly [type: number, flags: number, attributes: readonly Buffer[]];

/**
 * Sends messages of a family's tables as one transaction over a netfilter socket: all or nothing.
 * Returns the first errno, 0 for success.
 */
export const transaction = (socket: number, family: number, steps: readonly Step[]): number =>
  sendTransaction(socket, encodeTransaction(family, steps));

/** A transaction as it is sent. */
export function encodeTransaction(family: number, steps: readonly Step[]): Buffer {
  // `struct nfgenmsg` { u8 family, version; be16 subsystem }
  const edge = Buffer.from([0, 0, 0, NFNL_SUBSYS_NFTABLES]);
  const fixed = Buffer.from([family, 0, 0, 0]);
  return Buffer.concat([
    message(NFNL_MSG_BATCH_BEGIN, NLM_F_REQUEST, 0, [edge]),
    ...steps.map(([type, flags, attributes], index) => {
      // One word is enough for all, and hundreds would not fit where they are read. Refusals come in any case.
      const asks = index === steps.length - 1 ? NLM_F_ACK : 0;
      return message((NFNL_SUBSYS_NFTABLES << 8) | type, NLM_F_REQUEST | asks | flags, index + 1, [
        fixed,
        ...attributes,
      ]);
    }),
    message(NFNL_MSG_BATCH_END, NLM_F_REQUEST, steps.length + 1, [edge]),
  ]);
}

/** Lets a socket take so many bytes at once, as far as the host allows it. */
export function makeRoom(socket: number, length: number): void {
  if (length < USUAL_ROOM) return;
  const bytes = new Int32Array([length]);
  if (setsockopt.attempt(socket, SOL_SOCKET, SO_SNDBUFFORCE, bytes, 4) < 0) {
    setsockopt.attempt(socket, SOL_SOCKET, SO_SNDBUF, bytes, 4);
  }
}

export function sendTransaction(socket: number, data: Buffer): number {
  send(socket, data, data.length, 0);
  // The kernel has answered within the send. All answers are taken: libnftables must not find them.
  let errno = 0;
  const buffer = Buffer.allocUnsafe(ANSWER_LIMIT);
  for (;;) {
    const length = recv.attempt(socket, buffer, buffer.length, MSG_DONTWAIT);
    if (length === -errnoNumber('EAGAIN')) return errno;
    if (length < 0 && length !== -LOST) throw new SystemError('recv', ['nftables'], -length);
    if (length < 0) {
      // So many refusals that not all have found room; the first of them is on its way.
      errno ||= LOST;
      continue;
    }
    for (const reply of parseMessages(buffer.subarray(0, length))) {
      const refused = reply.type === NLMSG_ERROR ? parseError(reply).errno : 0;
      if (refused !== 0 && (errno === 0 || errno === LOST)) errno = refused;
    }
  }
}
