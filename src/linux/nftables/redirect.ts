import { errnoNumber, SystemError } from '../errno.ts';
import { parseAddress } from '../netlink/address.ts';
import { attribute, be32, NLA_F_NESTED, NLM_F_CREATE, NLM_F_EXCL, text } from '../netlink/message.ts';
import { NETLINK_NETFILTER, NetlinkSocket } from '../netlink/socket.ts';
import { dropOver, having, NETWORK_HEADER, ofProtocol, TRANSPORT_HEADER, write } from './expression.ts';
import { encodeTransaction, NFPROTO_IPV4, type Step, sendTransaction } from './transaction.ts';

/** One address of this host's loopback, seen by its clients at another port than it is served at. */
interface Redirect {
  readonly table: string;
  /** IPv4. */
  readonly address: string;
  /** What clients send to. */
  readonly port: number;
  /** What the server is bound to, both in UDP and in TCP. */
  readonly serverPort: number;
  /** Datagrams that reach the server in a second; more are lost. */
  readonly limit: { readonly rate: number; readonly burst: number };
}

const NFT_MSG_NEWTABLE = 0;
const NFT_MSG_DELTABLE = 2;
const NFT_MSG_NEWCHAIN = 3;
const NFT_MSG_NEWRULE = 6;
const NFTA_TABLE_NAME = 1;
const NFTA_CHAIN = { TABLE: 1, NAME: 3, HOOK: 4, POLICY: 5, TYPE: 7 };
const NFTA_HOOK = { HOOKNUM: 1, PRIORITY: 2 };
const NFTA_RULE = { TABLE: 1, CHAIN: 2, EXPRESSIONS: 4 };
const NLM_F_APPEND = 0x800;
const NF_INET_LOCAL_IN = 1;
const NF_INET_LOCAL_OUT = 3;
const NF_INET_POST_ROUTING = 4;
const NF_ACCEPT = 1;
/** Ahead of conntrack (-200), so that it sees the request with the server's port... */
const BEFORE_CONNTRACK = -300;
/** ...and behind it, so that it sees the answer with the same. */
const AFTER_CONNTRACK = 300;

const IPPROTO_TCP = 6;
const IPPROTO_UDP = 17;
/** Offset of the checksum in the transport's header. */
const CHECKSUM: ReadonlyMap<number, number> = new Map([
  [IPPROTO_TCP, 16],
  [IPPROTO_UDP, 6],
]);
const SOURCE_ADDRESS = 12;
const DESTINATION_ADDRESS = 16;
const SOURCE_PORT = 0;
const DESTINATION_PORT = 2;

/** A transaction for any port: the same bytes but for where the server's port stands. */
class Template {
  readonly #bytes: Buffer;
  readonly #places: readonly number[];

  constructor(encode: (serverPort: number) => Buffer) {
    this.#bytes = encode(0);
    const other = encode(0xffff);
    const differing = [...this.#bytes.keys()].filter((at) => this.#bytes[at] !== other[at]);
    // Of each two bytes the first.
    this.#places = differing.filter((_, index) => index % 2 === 0);
  }

  with(serverPort: number): Buffer {
    const bytes = Buffer.from(this.#bytes);
    for (const place of this.#places) bytes.writeUInt16BE(serverPort, place);
    return bytes;
  }
}

/**
 * Makes a server on an address of the loopback appear at another port, for UDP and TCP, in the
 * network namespace that the thread is in. An earlier table of that name is replaced.
 *
 * Requests get the server's port as they leave the client, answers lose it as they leave the server:
 * no connection is tracked for it. A nat chain would do the same, but the first one of a namespace
 * takes the kernel 13 ms, and makes it track every other connection of the namespace too.
 */
export class PortRedirect {
  readonly #table: string;
  readonly #make: Template;
  readonly #replace: Template;

  constructor(redirect: Omit<Redirect, 'serverPort'>) {
    this.#table = redirect.table;
    const made = (serverPort: number) => stepsOf({ ...redirect, serverPort });
    const gone: Step = [NFT_MSG_DELTABLE, 0, [attribute(NFTA_TABLE_NAME, text(redirect.table))]];
    this.#make = new Template((port) => encodeTransaction(NFPROTO_IPV4, made(port)));
    this.#replace = new Template((port) => encodeTransaction(NFPROTO_IPV4, [gone, ...made(port)]));
  }

  /** `serverPort`: what the server is bound to, both in UDP and in TCP. @throws SystemError `EOPNOTSUPP`, `ENOENT`: a kernel without nf_tables */
  install(serverPort: number): void {
    using socket = new NetlinkSocket(NETLINK_NETFILTER);
    let errno = sendTransaction(socket.descriptor, this.#make.with(serverPort));
    // Not deleted ahead in any case: a socket that has deleted something takes 10 ms to close.
    if (errno === errnoNumber('EEXIST')) {
      errno = sendTransaction(socket.descriptor, this.#replace.with(serverPort));
    }
    if (errno !== 0) throw new SystemError('nft redirect', [this.#table], errno);
  }
}

function stepsOf(redirect: Redirect): Step[] {
  const name = [attribute(NFTA_TABLE_NAME, text(redirect.table))];
  return [
    [NFT_MSG_NEWTABLE, NLM_F_CREATE | NLM_F_EXCL, name],
    ...chain(redirect, 'output', NF_INET_LOCAL_OUT, BEFORE_CONNTRACK, requests(redirect)),
    ...chain(redirect, 'input', NF_INET_LOCAL_IN, 0, [limit(redirect)]),
    ...chain(redirect, 'postrouting', NF_INET_POST_ROUTING, AFTER_CONNTRACK, answers(redirect)),
  ];
}

function chain(
  { table }: Redirect,
  name: string,
  hook: number,
  priority: number,
  rules: readonly (readonly Buffer[])[],
): Step[] {
  const hooked = [attribute(NFTA_HOOK.HOOKNUM, be32(hook)), attribute(NFTA_HOOK.PRIORITY, be32(priority))];
  const made: Step = [
    NFT_MSG_NEWCHAIN,
    NLM_F_CREATE,
    [
      attribute(NFTA_CHAIN.TABLE, text(table)),
      attribute(NFTA_CHAIN.NAME, text(name)),
      attribute(NFTA_CHAIN.HOOK | NLA_F_NESTED, hooked),
      attribute(NFTA_CHAIN.POLICY, be32(NF_ACCEPT)),
      attribute(NFTA_CHAIN.TYPE, text('filter')),
    ],
  ];
  const filled = rules.map(
    (expressions): Step => [
      NFT_MSG_NEWRULE,
      NLM_F_CREATE | NLM_F_APPEND,
      [
        attribute(NFTA_RULE.TABLE, text(table)),
        attribute(NFTA_RULE.CHAIN, text(name)),
        attribute(NFTA_RULE.EXPRESSIONS | NLA_F_NESTED, expressions),
      ],
    ],
  );
  return [made, ...filled];
}

const requests = ({ address, port, serverPort }: Redirect): Buffer[][] =>
  [...CHECKSUM].map(([protocol, checksum]) => [
    ...ofProtocol(protocol),
    ...having(NETWORK_HEADER, DESTINATION_ADDRESS, parseAddress(address).bytes),
    ...having(TRANSPORT_HEADER, DESTINATION_PORT, be16(port)),
    ...write(TRANSPORT_HEADER, DESTINATION_PORT, be16(serverPort), checksum),
  ]);

const answers = ({ address, port, serverPort }: Redirect): Buffer[][] =>
  [...CHECKSUM].map(([protocol, checksum]) => [
    ...ofProtocol(protocol),
    ...having(NETWORK_HEADER, SOURCE_ADDRESS, parseAddress(address).bytes),
    ...having(TRANSPORT_HEADER, SOURCE_PORT, be16(serverPort)),
    ...write(TRANSPORT_HEADER, SOURCE_PORT, be16(port), checksum),
  ]);

/** On arrival: a sender whose packet is dropped on its way out gets an error instead. */
const limit = ({ address, serverPort, limit: { rate, burst } }: Redirect): Buffer[] => [
  ...ofProtocol(IPPROTO_UDP),
  ...having(NETWORK_HEADER, DESTINATION_ADDRESS, parseAddress(address).bytes),
  ...having(TRANSPORT_HEADER, DESTINATION_PORT, be16(serverPort)),
  ...dropOver(rate, burst),
];

function be16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}
