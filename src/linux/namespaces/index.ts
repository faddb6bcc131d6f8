// CONTRACT
/**
 * A worker thread that may enter network namespaces. Each call is synchronous inside the worker,
 * with no await between entering and leaving; a failure to return aborts the process.
 */
export declare class NamespaceWorker implements AsyncDisposable {
  static open(): Promise<NamespaceWorker>;
  /** Creates a network namespace and binds it at `path` (the file is made). */
  createNetns(path: string): Promise<void>;
  /** Unmounts the bind and removes the file; the kernel then drops the namespace and its veths. */
  removeNetns(path: string): Promise<void>;
  /** Sends netlink requests inside a network namespace (`undefined`: the host's). */
  netlink(
    netns: string | undefined,
    requests: readonly import('../netlink/index.ts').Request[],
  ): Promise<void>;
  /** Writes sysctls inside a network namespace: `net.ipv4.ip_forward` -> value. */
  setSysctls(netns: string, values: Readonly<Record<string, string>>): Promise<void>;
  /** Loads an nftables script inside a network namespace (`undefined`: the host's). */
  nftables(netns: string | undefined, script: string): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}
