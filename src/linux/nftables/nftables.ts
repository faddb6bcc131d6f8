import { closeSync, readdirSync } from 'node:fs';
import { invalid, systemError } from '#lib/errors';
import { errnoName, errnoNumber, SystemError } from '../errno.ts';
import { loadNftables, NFT_CTX_OUTPUT_JSON, type NftContext, type NftLibrary } from '../ffi/nftables.ts';
import { claimTable } from './own.ts';
import { netfilterSockets } from './own-sockets.ts';

/**
 * libnftables(3) in this process: no `nft` is spawned. One context is one netlink socket of the
 * network namespace that the thread was in when it was made.
 */
export class Nftables implements Disposable {
  readonly #library: NftLibrary;
  readonly #context: NftContext;
  /** The context's own socket: tables are owned by a socket, not by a process. */
  readonly #socket: number;
  #closed = false;

  constructor() {
    this.#library = loadNftables();
  }
}
