import { errnoNumber } from '../errno.ts';
import { close } from '../ffi/descriptors.ts';
import {
  AF_NETLINK,
  bind,
  recv,
  SO_RCVBUFFORCE,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_RAW,
  SOL_SOCKET,
  setsockopt,
  socket,
} from '../ffi/socket.ts';
import { parseAttributes, parseMessages, toText } from '../netlink/message.ts';
import { NETLINK_NETFILTER, netlinkAddress } from '../netlink/socket.ts';

const SOL_NETLINK = 270;
const NETLINK_ADD_MEMBERSHIP = 1;
const NFNLGRP_NFTRACE = 9;
const NFT_MSG_TRACE = (10 << 8) | 17;
const NFTA_TRACE_TABLE = 1;
const NFTA_TRACE_CHAIN = 2;
const NFTA_TRACE_RULE_HANDLE = 3;
const NFTA_TRACE_TYPE = 4;
const NFTA_TRACE_VERDICT = 5;
const NFTA_TRACE_POLICY = 16;
const NFTA_VERDICT_CODE = 1;
const RECEIVE_BUFFER = 4 * 1024 * 1024;

const TYPES: Readonly<Record<number, TraceStep['type']>> = { 1: 'policy', 2: 'return', 3: 'rule' };
const VERDICTS: Readonly<Record<number, TraceStep['verdict']>> = {
  0: 'drop',
  1: 'accept',
  [-1]: 'continue',
  [-3]: 'jump',
  [-4]: 'goto',
  [-5]: 'return',
};

/** One step of a packet with `meta nftrace set 1` through the rules. */
export interface TraceStep {
  /** The family as `nft` writes it. */
  readonly family: string;
  readonly table: string;
  readonly chain: string;
  readonly type: 'policy' | 'return' | 'rule';
  /** Of a rule. */
  readonly handle: number | undefined;
  readonly verdict: 'accept' | 'drop' | 'continue' | 'jump' | 'goto' | 'return' | 'other';
}

const FAMILIES: Readonly<Record<number, string>> = {
  1: 'inet',
  2: 'ip',
  5: 'netdev',
  7: 'bridge',
  10: 'ip6',
};

/** What the kernel tells of traced packets in the thread's network namespace (`nft monitor trace`). */
export class TraceSocket implements Disposable {
  readonly #fd: number;
  #closed = false;

  constructor() {
    this.#fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_NETFILTER);
    try {
      setsockopt.attempt(this.#fd, SOL_SOCKET, SO_RCVBUFFORCE, new Int32Array([RECEIVE_BUFFER]), 4);
      const address = netlinkAddress();
      bind(this.#fd, address, address.length);
      setsockopt(this.#fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, new Int32Array([NFNLGRP_NFTRACE]), 4);
    } catch (error) {
      close(this.#fd);
      throw error;
    }
  }

  /** What has been told since the last time; does not wait. */
  read(): TraceStep[] {
    const steps: TraceStep[] = [];
    const buffer = Buffer.allocUnsafe(65_536);
    for (;;) {
      const length = recv.attempt(this.#fd, buffer, buffer.length, 0);
      if (length === -errnoNumber('ENOBUFS')) continue;
      if (length < 0) return steps;
      for (const { type, payload } of parseMessages(buffer.subarray(0, length))) {
        if (type === NFT_MSG_TRACE) steps.push(parseStep(payload));
      }
    }
  }

  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#closed = true;
    close(this.#fd);
  }
}

/** After `struct nfgenmsg` { u8 family, version; be16 resource } */
export function parseStep(payload: Buffer): TraceStep {
  const attributes = parseAttributes(payload.subarray(4));
  const type = TYPES[attributes.get(NFTA_TRACE_TYPE)?.readUInt32BE(0) ?? 0] ?? 'rule';
  const verdict = parseAttributes(attributes.get(NFTA_TRACE_VERDICT) ?? Buffer.alloc(0));
  const code =
    type === 'policy'
      ? attributes.get(NFTA_TRACE_POLICY)?.readInt32BE(0)
      : verdict.get(NFTA_VERDICT_CODE)?.readInt32BE(0);
  const handle = attributes.get(NFTA_TRACE_RULE_HANDLE)?.readBigUInt64BE(0);
  return {
    family: FAMILIES[payload[0] ?? 0] ?? 'inet',
    table: toText(attributes.get(NFTA_TRACE_TABLE)),
    chain: toText(attributes.get(NFTA_TRACE_CHAIN)),
    type,
    handle: handle === undefined ? undefined : Number(handle),
    verdict: VERDICTS[code ?? Number.NaN] ?? 'other',
  };
}
