import { randomBytes, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { KeyedLock } from '#lib/lock';
import { type Logger, silentLogger } from '#lib/log';
import { type Collected, type CollectOptions, collect } from './collection/collect.ts';
import { Blobs } from './content/blobs.ts';
import { Catalogue } from './content/catalogue.ts';
import type { Core } from './content/core.ts';
import { InUse } from './content/in-use.ts';
import { Manifests } from './content/manifests.ts';
import { type Quota, Quotas } from './content/quotas.ts';
import { eventOf, type Happening } from './events/event.ts';
import { Webhook, type WebhookOptions } from './events/webhook.ts';
import { publishIndex } from './publish.ts';
import { DiskRecords, openStorage, type S3Options, type Storage } from './storage/index.ts';
import { Uploads } from './uploads/uploads.ts';
import type { UpstreamOptions } from './upstream/upstream.ts';
import { Upstreams } from './upstream/upstreams.ts';

export interface RegistryOptions {
  /** Where it keeps everything: an OCI image layout, with the registry's records beside it. */
  readonly root: string;
  /** Blobs and records are in an object store; only what is arriving is below `root`. */
  readonly s3?: S3Options | undefined;
  readonly quotas?: readonly Quota[];
  /** Nothing can be pushed or deleted. */
  readonly readOnly?: boolean;
  /** Who is told of pushes and deletions. */
  readonly webhooks?: readonly WebhookOptions[];
  /** Registries whose repositories are here as soon as somebody pulls from them. */
  readonly upstreams?: readonly UpstreamOptions[];
  readonly log?: Logger;
}

/** A registry without its server: what is in it, and how it changes. */
export class Registry implements AsyncDisposable {
  readonly storage: Storage;
  readonly catalogue: Catalogue;
  readonly quotas: Quotas;
  readonly inUse: InUse;
  readonly blobs: Blobs;
  readonly manifests: Manifests;
  readonly uploads: Uploads;
  readonly upstreams: Upstreams;
  readonly readOnly: boolean;
  readonly log: Logger;
  /** By all collections of this process. */
  readonly collected: Collected = { blobs: 0, bytes: 0, manifests: 0, links: 0, uploads: 0, repositories: 0 };
  readonly #core: Core;
  readonly #webhooks: readonly Webhook[];
  readonly #publish: ReturnType<typeof publishIndex>;

  private constructor(core: Omit<Core, 'changed'>, uploads: Uploads, options: RegistryOptions) {
    this.storage = core.storage;
    this.catalogue = core.catalogue;
    this.quotas = core.quotas;
    this.inUse = core.inUse;
    this.log = core.log;
    this.readOnly = options.readOnly ?? false;
    this.uploads = uploads;
    this.#publish = publishIndex(core);
    const whole = { ...core, changed: () => this.#publish.soon() };
    this.#core = whole;
    const waiting = new DiskRecords(options.root, join(options.root, 'tmp'));
    this.#webhooks = (options.webhooks ?? []).map((hook) => new Webhook(hook, waiting, core.log));
    this.blobs = new Blobs(whole);
    this.manifests = new Manifests(whole, () => join(options.root, 'tmp', randomBytes(8).toString('hex')));
    const { blobs, manifests } = this;
    const { root } = options;
    this.upstreams = new Upstreams(options.upstreams ?? [], { core: whole, blobs, manifests, root });
  }

  /** One process at a time may have a root. */
  static async open(options: RegistryOptions): Promise<Registry> {
    const storage = await openStorage(options.root, options.s3);
    const catalogue = new Catalogue(storage.records);
    const core = {
      storage,
      catalogue,
      inUse: new InUse(),
      quotas: await Quotas.open(options.quotas ?? [], catalogue),
      locks: new KeyedLock(),
      log: options.log ?? silentLogger,
    };
    const uploads = await Uploads.open(join(options.root, 'uploads'), storage);
    const registry = new Registry(core, uploads, options);
    for (const hook of registry.#webhooks) await hook.start();
    return registry;
  }

  /** Removes what nobody refers to; everything goes on meanwhile. */
  async collect(options: CollectOptions): Promise<Collected> {
    const collected = await collect(this.#core, this.uploads, options);
    for (const name of Object.keys(collected) as (keyof Collected)[]) this.collected[name] += collected[name];
    return collected;
  }

  /** Tells the webhooks; resolves when what they are told cannot get lost. */
  async announce(happening: Happening): Promise<void> {
    if (this.#webhooks.length === 0) return;
    const event = eventOf(happening);
    for (const hook of this.#webhooks) await hook.add(event);
  }

  /** An id for a request, in its log line. */
  requestId(): string {
    return randomUUID();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const hook of this.#webhooks) await hook[Symbol.asyncDispose]();
    await this.upstreams[Symbol.asyncDispose]();
    await this.#publish.finish();
    await this.storage.close();
  }
}
