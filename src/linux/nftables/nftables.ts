import { invalid, systemError } from '#lib/errors';
import { SystemError } from '../errno.ts';
import {
  loadNftables,
  NFT_CTX_OUTPUT_HANDLE,
  NFT_CTX_OUTPUT_JSON,
  NFT_CTX_OUTPUT_STATELESS,
  type NftContext,
  type NftLibrary,
} from '../ffi/nftables.ts';
import { contextSocket, netfilterSockets } from './context-socket.ts';
import { nftErrno } from './error.ts';
import { ownTable } from './own.ts';
import { type TableOwner, tableOwner } from './owner.ts';
import { type NftRunner, parseListing } from './runner.ts';
import { encodeTransaction, makeRoom, NFPROTO_INET, type Step, sendTransaction } from './transaction.ts';
import { inTurn } from './turn.ts';

/** Another thread may open a netfilter socket at the same instant as libnftables; not this often. */
const OPEN_ATTEMPTS = 10;

/** A script of a thousand lines can fail a thousand times. */
const DETAIL_LIMIT = 2000;

/**
 * libnftables(3) in this process: no `nft` is spawned. One object is one netlink socket of the
 * network namespace that the thread was in when it was made.
 */
export class Nftables implements NftRunner {
  readonly #library: NftLibrary;
  readonly #context: NftContext;
  /** The context's own socket, not ours to close: the kernel's owner of a table is a socket. */
  readonly #socket: number;
  #closed = false;

  /** @throws unsupported when libnftables is not installed */
  constructor() {
    this.#library = loadNftables();
    [this.#context, this.#socket] = openContext(this.#library);
    this.#library.bufferOutput(this.#context);
    this.#library.bufferError(this.#context);
  }

  run(script: string): void {
    this.#execute(script, 0);
  }

  /** Sends messages about inet tables as one transaction. @throws SystemError with the first errno */
  send(steps: readonly Step[]): void {
    if (this.#closed) throw invalid('this nftables context is closed');
    const data = encodeTransaction(NFPROTO_INET, steps);
    makeRoom(this.#socket, data.length);
    const errno = sendTransaction(this.#socket, data);
    if (errno !== 0) throw new SystemError('nft', ['transaction'], errno);
  }

  query(command: string): unknown[] {
    return parseListing(this.#execute(command, NFT_CTX_OUTPUT_JSON), command);
  }

  list(command: string, options: { handles?: boolean } = {}): string {
    const handles = options.handles ? NFT_CTX_OUTPUT_HANDLE : 0;
    return this.#execute(command, NFT_CTX_OUTPUT_STATELESS | handles);
  }

  /**
   * Creates (or re-adopts, with its content) an inet table with flags owner and persist where the
   * kernel has them (>= 6.9); returns whether it is owned. A foreign `flush ruleset` then passes by,
   * foreign changes get EPERM, and the table survives our end.
   *
   * An owned table must not be named by `add table` or `table inet x { ... }` any more: without the
   * flags, which this nft cannot spell, the kernel refuses both (EOPNOTSUPP). Use `add chain`,
   * `add map`, `add rule`, `flush chain`... A plain table of that name is replaced by an empty one.
   * @throws SystemError `EPERM` while another process owns it
   */
  ownTable(name: string): boolean {
    if (!/^[a-z_][a-z0-9_-]*$/i.test(name)) throw invalid(`invalid table name: ${name}`);
    const owned = ownTable(this.#socket, name);
    if (!owned) this.run(`add table inet ${name}`);
    return owned;
  }

  /** Who owns the inet table of that name; undefined when nobody does, or somebody who cannot be seen from here. */
  tableOwner(name: string): TableOwner | undefined {
    return tableOwner(this.#socket, name);
  }

  #execute(commands: string, flags: number): string {
    if (this.#closed) throw invalid('this nftables context is closed');
    // C would run what is before a NUL and be content.
    if (commands.includes('\0')) throw invalid('an nftables script contains a NUL byte');
    const { failed, output, error } = inTurn(() => {
      this.#library.setFlags(this.#context, flags);
      const failed = this.#library.run(this.#context, commands) !== 0;
      // Reading empties both buffers: a warning must not show up with a later error.
      const output = this.#library.output(this.#context);
      return { failed, output, error: this.#library.error(this.#context).trim() };
    });
    if (failed) throw new SystemError('nft', [], nftErrno(error), undefined, error.slice(0, DETAIL_LIMIT));
    return output;
  }

  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#closed = true;
    inTurn(() => this.#library.free(this.#context));
  }
}

function openContext(library: NftLibrary): [NftContext, number] {
  for (let attempt = 1; attempt <= OPEN_ATTEMPTS; attempt++) {
    const before = netfilterSockets();
    const context = inTurn(() => library.create());
    const socket = contextSocket(before);
    if (socket !== undefined) return [context, socket];
    library.free(context);
  }
  throw systemError('libnftables opened no netlink socket that could be told from others');
}
