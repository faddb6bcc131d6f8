import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isMainThread } from 'node:worker_threads';
import koffi from 'koffi';
import { unsupported } from '#lib/errors';

export type NftContext = { readonly brand: 'nft_ctx' };

/** libnftables(3). Loaded on demand: only those who program the firewall need it installed. */
export interface NftLibrary {
  readonly create: () => NftContext;
  readonly free: (context: NftContext) => void;
  readonly bufferOutput: (context: NftContext) => number;
  readonly bufferError: (context: NftContext) => number;
  readonly output: (context: NftContext) => string;
  readonly error: (context: NftContext) => string;
  readonly setFlags: (context: NftContext, flags: number) => void;
  readonly run: (context: NftContext, commands: string) => number;
}

export const NFT_CTX_OUTPUT_STATELESS = 1 << 2;
export const NFT_CTX_OUTPUT_HANDLE = 1 << 3;
export const NFT_CTX_OUTPUT_JSON = 1 << 4;

/** @throws unsupported when the library is not installed */
export function loadNftables(): NftLibrary {
  const library = open();
  const create = library.func('void *nft_ctx_new(uint32_t)');
  return {
    create: () => create(0) as NftContext,
    free: library.func('void nft_ctx_free(void *)'),
    bufferOutput: library.func('int nft_ctx_buffer_output(void *)'),
    bufferError: library.func('int nft_ctx_buffer_error(void *)'),
    output: library.func('const char *nft_ctx_get_output_buffer(void *)'),
    error: library.func('const char *nft_ctx_get_error_buffer(void *)'),
    setFlags: library.func('void nft_ctx_output_set_flags(void *, uint)'),
    run: library.func('int nft_run_cmd_from_buffer(void *, const char *)'),
  };
}

const LIBRARY = 'libnftables.so.1';

/**
 * The library keeps state for the whole process (symbol tables that the last context frees, its parser's), so two
 * threads must not use one instance. A thread beside the main one gets an instance of its own, which the loader makes
 * of a copy: it tells libraries apart by their inode. It is never unloaded, so this is for threads that stay.
 */
function open(): ReturnType<typeof koffi.load> {
  try {
    return isMainThread ? koffi.load(LIBRARY) : loadCopy();
  } catch (error) {
    throw unsupported(`${LIBRARY} cannot be loaded (Debian: package libnftables1)`, error);
  }
}

function loadCopy(): ReturnType<typeof koffi.load> {
  const directory = mkdtempSync(join(tmpdir(), 'berth-nft-'));
  try {
    const copy = join(directory, LIBRARY);
    copyFileSync(libraryPath(), copy);
    return koffi.load(copy);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Where the loader finds it, which its map of memory tells while it is loaded. */
function libraryPath(): string {
  const loaded = koffi.load(LIBRARY);
  try {
    const maps = readFileSync('/proc/self/maps', 'utf8');
    const path = /\s(\/\S+\/libnftables\.so\.\S+)$/m.exec(maps)?.[1];
    if (path === undefined) throw new Error(`${LIBRARY} is not among the mapped files`);
    return path;
  } finally {
    loaded.unload();
  }
}
