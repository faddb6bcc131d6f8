import { errnoNumber, SystemError } from '../errno.ts';
import { attribute, be32, NLM_F_CREATE, text } from '../netlink/message.ts';
import { NFPROTO_INET, type Step, transaction } from './transaction.ts';

const NFT_MSG_NEWTABLE = 0;
const NFT_MSG_DELTABLE = 2;
const NFTA_TABLE_NAME = 1;
const NFTA_TABLE_FLAGS = 2;
const NFT_TABLE_F_OWNER = 2;
const NFT_TABLE_F_PERSIST = 4;

const UNSUPPORTED: ReadonlySet<number> = new Set(['EOPNOTSUPP', 'EINVAL'].map(errnoNumber));

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
  const errno = transaction(socket, NFPROTO_INET, [claim]);
  if (errno === 0) return true;
  if (!UNSUPPORTED.has(errno)) throw new SystemError('nft own table', [name], errno);
  // Either the flags are unknown, or a plain table has the name: flags cannot be added to one. The
  // table is made first so that deleting it cannot fail; in the first case nothing of it is done.
  const replaced = transaction(socket, NFPROTO_INET, [
    [NFT_MSG_NEWTABLE, NLM_F_CREATE, table],
    [NFT_MSG_DELTABLE, 0, table],
    claim,
  ]);
  if (replaced !== 0 && !UNSUPPORTED.has(replaced)) throw new SystemError('nft own table', [name], replaced);
  return replaced === 0;
}
