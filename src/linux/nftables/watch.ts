import { existsSync } from 'node:fs';
import { errnoNumber } from '../errno.ts';
import { close } from '../ffi/descriptors.ts';
import { Watch } from '../ffi/readiness.ts';
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
import { type Message, parseAttributes, parseMessages, toText } from '../netlink/message.ts';
import { NETLINK_NETFILTER, netlinkAddress } from '../netlink/socket.ts';
import { netfilterSockets } from './context-socket.ts';
import { netfilterPorts } from './owner.ts';

const SOL_NETLINK = 270;
const NETLINK_ADD_MEMBERSHIP = 1;
const NFNLGRP_NFTABLES = 7;

const NFNL_SUBSYS_NFTABLES = 10;
const NFT_MSG_NEWGEN = 15;
/** Beyond it and NEWGEN there are only queries and traces. */
const NFT_MSG_DELSETELEM = 14;
const NFT_MSG_NEWOBJ = 18;
/** DELTABLE, DELCHAIN, DELRULE, DELSET, DELSETELEM. */
const DELETIONS: ReadonlySet<number> = new Set([2, 5, 8, 11, 14]);
const NFTA_TABLE = 1;
const NFTA_GEN_PROC_PID = 2;

/** A flush of a large ruleset is one burst of messages. */
const RECEIVE_BUFFER = 4 * 1024 * 1024;

/** What a transaction did, told at its end. */
export interface Generation {
  /** Tables that something was deleted of. */
  readonly touched: ReadonlySet<string>;
  /** Tables that something was changed in, those included. */
  readonly changed: ReadonlySet<string>;
  /** Thread id of who did it, in the initial pid namespace. */
  readonly pid: number;
  /** Its netlink port. */
  readonly port: number;
}

/**
 * Puts notifications together to transactions. Who did it is only said by the NEWGEN at the end:
 * acting on a deletion itself would answer our own reload with a reload, for ever.
 */
export class GenerationReader {
  #touched = new Set<string>();
  #changed = new Set<string>();

  read(datagram: Buffer): Generation[] {
    const generations: Generation[] = [];
    for (const message of parseMessages(datagram)) {
      if (message.type >> 8 !== NFNL_SUBSYS_NFTABLES) continue;
      const kind = message.type & 0xff;
      const attributes = parseAttributes(message.payload.subarray(4));
      if (kind === NFT_MSG_NEWGEN) generations.push(this.#finish(message, attributes));
      else if (kind <= NFT_MSG_DELSETELEM || kind >= NFT_MSG_NEWOBJ) {
        const table = toText(attributes.get(NFTA_TABLE));
        this.#changed.add(table);
        if (DELETIONS.has(kind)) this.#touched.add(table);
      }
    }
    return generations;
  }

  #finish(message: Message, attributes: ReadonlyMap<number, Buffer>): Generation {
    const touched = this.#touched;
    const changed = this.#changed;
    this.#touched = new Set();
    this.#changed = new Set();
    const pid = attributes.get(NFTA_GEN_PROC_PID)?.readUInt32BE(0) ?? 0;
    return { touched, changed, pid, port: message.port };
  }
}

/**
 * Calls back after every transaction of another process that deleted something of the table `name`
 * (of any family), and when notifications were lost: compare then, and restore.
 */
export function watchTable(name: string, onChange: () => void): Disposable {
  return watchRuleset((tables) => {
    if (!tables || tables.deleted.has(name)) onChange();
  });
}

/** Names of tables, of any family. */
export interface ChangedTables {
  readonly changed: ReadonlySet<string>;
  /** Those of `changed` that something was deleted of. */
  readonly deleted: ReadonlySet<string>;
}

/** Calls back with what other processes have changed; with nothing when notifications were lost. */
export function watchRuleset(onChange: (tables: ChangedTables | undefined) => void): Disposable {
  const fd = subscribe();
  const reader = new GenerationReader();
  const buffer = Buffer.allocUnsafe(65_536);
  let closed = false;
  const watch = new Watch(fd, { readable: true }, () => {
    const foreign: Generation[] = [];
    let lost = false;
    for (;;) {
      const length = recv.attempt(fd, buffer, buffer.length, 0);
      if (length >= 0) {
        foreign.push(...reader.read(buffer.subarray(0, length)).filter((each) => !isOurs(each)));
      } else if (length === -errnoNumber('ENOBUFS')) lost = true;
      else break;
    }
    if (closed) return;
    if (lost) onChange(undefined);
    else if (foreign.length > 0) onChange(together(foreign));
  }).unref();
  return {
    [Symbol.dispose]: () => {
      if (closed) return;
      closed = true;
      watch[Symbol.dispose]();
      close(fd);
    },
  };
}

const together = (generations: readonly Generation[]): ChangedTables => ({
  changed: new Set(generations.flatMap(({ changed }) => [...changed])),
  deleted: new Set(generations.flatMap(({ touched }) => [...touched])),
});

function subscribe(): number {
  const fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_NETFILTER);
  try {
    // Beyond net.core.rmem_max with CAP_NET_ADMIN only; a smaller buffer loses bursts, which is seen.
    setsockopt.attempt(fd, SOL_SOCKET, SO_RCVBUFFORCE, new Int32Array([RECEIVE_BUFFER]), 4);
    const address = netlinkAddress();
    bind(fd, address, address.length);
    setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, new Int32Array([NFNLGRP_NFTABLES]), 4);
    return fd;
  } catch (error) {
    close(fd);
    throw error;
  }
}

/** The kernel names the thread; in a pid namespace by another number, so the port is asked as well. */
function isOurs({ pid, port }: Generation): boolean {
  return existsSync(`/proc/self/task/${pid}`) || ourPorts().has(port);
}

/** Ports of our netfilter sockets. */
function ourPorts(): Set<number> {
  const inodes = new Set([...netfilterSockets().keys()].map((target) => target.slice('socket:['.length, -1)));
  return new Set([...netfilterPorts()].filter(([, inode]) => inodes.has(inode)).map(([port]) => port));
}
