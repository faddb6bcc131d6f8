import { errnoNumber, SystemError } from '../errno.ts';
import { MSG_DONTWAIT, recv, send } from '../ffi/socket.ts';
import {
  attribute,
  be32,
  message,
  NLM_F_ACK,
  NLM_F_CREATE,
  NLM_F_REQUEST,
  NLMSG_ERROR,
  parseError,
  parseMessages,
  text,
} from '../netlink/message.ts';

const NFNL_MSG_BATCH_BEGIN = 16;
const NFNL_MSG_BATCH_END = 17;
const NFNL_SUBSYS_NFTABLES = 10;
const NFT_MSG_NEWTABLE = (NFNL_SUBSYS_NFTABLES << 8) | 0;
const NFT_MSG_DELTABLE = (NFNL_SUBSYS_NFTABLES << 8) | 2;
const NFTA_TABLE_NAME = 1;
const NFTA_TABLE_FLAGS = 2;
const NFT_TABLE_F_OWNER = 2;
const NFT_TABLE_F_PERSIST = 4;
const NFPROTO_INET = 1;

const UNSUPPORTED: ReadonlySet<number> = new Set(['EOPNOTSUPP', 'EINVAL'].map(errnoNumber));

type Step = readonly [type: number, flags: number, table: readonly Buffer[]];

/**
 * Makes an inet table with flags owner and persist, sent over the socket that is to own it: the
 * nft grammar of Debian 12 has no word for persist. False when the kernel knows no such flags.
 */
export function ownTable(socket: number, name: string): boolean {
  const table = [attribute(NFTA_TABLE_NAME, text(name))];
  const claim: Step = [
    NFT_MSG_NEWTABLE,
    NLM_F_CREATE,
    [...table, attribute(NFTA_TABLE_FLAGS, be32(NFT_TABLE_F_OWNER | NFT_TABLE_F_PERSIST))],
  ];
  const errno = transaction(socket, [claim]);
  if (errno === 0) return true;
  if (!UNSUPPORTED.has(errno)) throw new SystemError('nft own table', [name], errno);
  // Either the flags are unknown, or a plain table has the name: flags cannot be added to one. The
  // table is made first so that deleting it cannot fail; in the first case nothing of it is done.
  const replaced = transaction(socket, [
    [NFT_MSG_NEWTABLE, NLM_F_CREATE, table],
    [NFT_MSG_DELTABLE, 0, table],
    claim,
  ]);
  if (replaced !== 0 && !UNSUPPORTED.has(replaced)) throw new SystemError('nft own table', [name], replaced);
  return replaced === 0;
}

/** All or nothing; returns the first errno. */
function transaction(socket: number, steps: readonly Step[]): number {
  // `struct nfgenmsg` { u8 family, version; be16 subsystem }
  const edge = Buffer.from([0, 0, 0, NFNL_SUBSYS_NFTABLES]);
  const fixed = Buffer.from([NFPROTO_INET, 0, 0, 0]);
  const batch = [
    message(NFNL_MSG_BATCH_BEGIN, NLM_F_REQUEST, 0, [edge]),
    ...steps.map(([type, flags, table], index) =>
      message(type, NLM_F_REQUEST | NLM_F_ACK | flags, index + 1, [fixed, ...table]),
    ),
    message(NFNL_MSG_BATCH_END, NLM_F_REQUEST, steps.length + 1, [edge]),
  ];
  const data = Buffer.concat(batch);
  send(socket, data, data.length, 0);
  // The kernel has answered within the send. All answers are taken: libnftables must not find them.
  let errno = 0;
  const buffer = Buffer.alloc(16_384);
  for (;;) {
    const length = recv.attempt(socket, buffer, buffer.length, MSG_DONTWAIT);
    if (length === -errnoNumber('EAGAIN')) return errno;
    if (length < 0) throw new SystemError('recv', ['nftables'], -length);
    for (const reply of parseMessages(buffer.subarray(0, length))) {
      if (reply.type === NLMSG_ERROR && errno === 0) errno = parseError(reply).errno;
    }
  }
}
