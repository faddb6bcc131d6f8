import { systemError } from '#lib/errors';

/** Whoever runs nft scripts: libnftables in this process, or the program. */
export interface NftRunner extends Disposable {
  /** Runs a script as one transaction: all of it or nothing. @throws SystemError with nft's own message */
  run(script: string): void;
  /** `list ...` with JSON output (libnftables-json(5)): what is in its `nftables` array. @throws SystemError */
  query(command: string): unknown[];
  /** `list ...` as text that can be loaded again: without counters. @throws SystemError */
  list(command: string, options?: { handles?: boolean }): string;
}

/** What is in the `nftables` array of a listing. @throws system */
export function parseListing(output: string, command: string): unknown[] {
  const parsed: unknown = JSON.parse(output);
  const isListing = typeof parsed === 'object' && parsed !== null && 'nftables' in parsed;
  if (!isListing || !Array.isArray(parsed.nftables)) throw systemError(`nft: no listing from: ${command}`);
  return parsed.nftables;
}
