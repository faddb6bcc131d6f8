// CONTRACT
/** libnftables(3) in this process: no `nft` is spawned. */
export declare class Nftables implements Disposable {
  constructor();
  /** Runs a script as one transaction. @throws SystemError with nft's own message */
  run(script: string): void;
  /** `list ...` with JSON output. */
  query(command: string): unknown;
  /** Creates (or re-adopts) an inet table with flags owner+persist where the kernel has them (>= 6.9); returns whether it is owned. */
  ownTable(name: string): boolean;
  [Symbol.dispose](): void;
}
/** Calls back after every transaction of another process that deleted something of the table `name`. */
export declare function watchTable(name: string, onChange: () => void): Disposable;
