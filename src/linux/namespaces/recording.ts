import type { Request } from '../netlink/request.ts';
import type { NamespaceWorker } from './worker.ts';

/** What a test's double of NamespaceWorker was asked to do, in order. */
export type NamespaceCall =
  | { readonly call: 'createNetns' | 'removeNetns'; readonly path: string }
  | { readonly call: 'netlink'; readonly netns: string | undefined; readonly requests: readonly Request[] }
  | { readonly call: 'setSysctls'; readonly netns: string; readonly values: Readonly<Record<string, string>> }
  | { readonly call: 'readProcNet'; readonly netns: string; readonly name: string }
  | { readonly call: 'nftables'; readonly netns: string | undefined; readonly script: string };

/** NamespaceWorker by its shape, for those who want to be given a double in tests. */
export type Namespaces = Pick<NamespaceWorker, keyof NamespaceWorker>;

/** Does nothing but record; `failOn` makes a call fail, to see what is rolled back. For tests without root. */
export class RecordingNamespaces implements Namespaces {
  readonly calls: NamespaceCall[] = [];
  readonly #failOn: (call: NamespaceCall) => Error | undefined;

  constructor(failOn: (call: NamespaceCall) => Error | undefined = () => undefined) {
    this.#failOn = failOn;
  }

  createNetns(path: string): Promise<void> {
    return this.#record({ call: 'createNetns', path });
  }
  removeNetns(path: string): Promise<void> {
    return this.#record({ call: 'removeNetns', path });
  }
  netlink(netns: string | undefined, requests: readonly Request[]): Promise<void> {
    return this.#record({ call: 'netlink', netns, requests });
  }
  setSysctls(netns: string, values: Readonly<Record<string, string>>): Promise<void> {
    return this.#record({ call: 'setSysctls', netns, values });
  }
  async readProcNet(netns: string, name: string): Promise<string> {
    await this.#record({ call: 'readProcNet', netns, name });
    return '';
  }
  nftables(netns: string | undefined, script: string): Promise<void> {
    return this.#record({ call: 'nftables', netns, script });
  }
  async [Symbol.asyncDispose](): Promise<void> {}

  async #record(call: NamespaceCall): Promise<void> {
    this.calls.push(call);
    const failure = this.#failOn(call);
    if (failure) throw failure;
  }
}
