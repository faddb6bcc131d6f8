import { SMALL, Thread } from '#lib/thread';
import type { Request } from '../netlink/request.ts';
import type { NamespaceThread } from './namespace-thread.ts';

/**
 * A worker thread that may enter network namespaces. Each call is synchronous inside the worker,
 * with no await between entering and leaving; a failure to return aborts the process. Calls are
 * done in the order they were made, so several may be sent without waiting for each; one that
 * fails does not stop those after it.
 */
export class NamespaceWorker implements AsyncDisposable {
  readonly #thread: Thread<NamespaceThread>;

  private constructor(thread: Thread<NamespaceThread>) {
    this.#thread = thread;
  }

  static async open(): Promise<NamespaceWorker> {
    const thread = new Thread<NamespaceThread>(new URL('./namespace-thread.ts', import.meta.url), SMALL);
    await thread.call('started');
    return new NamespaceWorker(thread);
  }

  /** Creates a network namespace and binds it at `path` (the file is made; its directory is there). */
  createNetns(path: string): Promise<void> {
    return this.#thread.call('createNetns', path);
  }

  /** Unmounts the bind and removes the file; the kernel then drops the namespace and its veths. Missing is fine. */
  removeNetns(path: string): Promise<void> {
    return this.#thread.call('removeNetns', path);
  }

  /** Sends netlink requests inside a network namespace (`undefined`: the host's). */
  netlink(
    netns: string | undefined,
    requests: readonly Request[],
    options: { ignore?: readonly string[] } = {},
  ): Promise<void> {
    return this.#thread.call('netlink', netns, requests, options.ignore ?? []);
  }

  /** Writes sysctls inside a network namespace: `net.ipv4.ip_forward` -> value. @throws invalid for others than `net.` */
  setSysctls(netns: string, values: Readonly<Record<string, string>>): Promise<void> {
    return this.#thread.call('setSysctls', netns, values);
  }

  /** A file of /proc/net as it is inside a network namespace: `dev`. */
  readProcNet(netns: string, name: string): Promise<string> {
    return this.#thread.call('readProcNet', netns, name);
  }

  /** Loads an nftables script inside a network namespace (`undefined`: the host's). */
  nftables(netns: string | undefined, script: string): Promise<void> {
    return this.#thread.call('nftables', netns, script);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#thread[Symbol.asyncDispose]();
  }
}
