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

function open(): ReturnType<typeof koffi.load> {
  try {
    return koffi.load('libnftables.so.1');
  } catch (error) {
    throw unsupported('libnftables.so.1 is not installed (Debian: package libnftables1)', error);
  }
}
