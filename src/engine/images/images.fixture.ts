import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { TestContext } from 'node:test';
import { type EngineEvent, Events } from '#engine/events';
import { type LayerForm, openSnapshots, type Snapshots } from '#engine/snapshots';
import { silentLogger } from '#lib/log';
import { Timer } from '#lib/metrics';
import { nowNano } from '#lib/time';
import { MountMappings } from '#linux/namespaces';
import { digestOf, hexOf } from '#oci/digest';
import { encodeDocument, hostPlatform, type ImageConfig, type RunConfig } from '#oci/image';
import { TAR_END, type TarHeader, tarHeader, tarPadding } from '#oci/layer';
import { BlobStore, Database } from '#store';
import type { ImageUsers } from './context.ts';
import type { Progress } from './image.ts';
import { Images } from './images.ts';
import { DEFAULT_REGISTRIES } from './registries.ts';

export interface Member extends Omit<TarHeader, 'size'> {
  readonly content?: string | Buffer;
}

export function tarOf(members: readonly Member[]): Buffer {
  const parts = members.flatMap(({ content = '', ...header }) => {
    const body = Buffer.from(content);
    const mode = header.type === 'directory' ? 0o755 : 0o644;
    return [tarHeader({ mode, ...header, size: body.length }), body, tarPadding(body.length)];
  });
  return Buffer.concat([...parts, TAR_END]);
}

/** A layer with one file. */
export const layerOf = (path: string, content: string | Buffer = path): Buffer =>
  tarOf([{ path, type: 'file', content }]);

export interface ImageSpec {
  readonly tags?: readonly string[];
  readonly layers: readonly Buffer[];
  readonly config?: RunConfig;
  readonly created?: string;
  readonly architecture?: string;
  readonly history?: ImageConfig['history'];
}

/** What `docker save` wrote before it wrote OCI layouts too. */
export function dockerArchive(images: readonly ImageSpec[]): Buffer {
  const members: Member[] = [];
  const manifest = images.map(({ tags, layers, config, created, architecture, history }) => {
    const document: ImageConfig = {
      ...hostPlatform(),
      ...(architecture && { architecture }),
      created: created ?? '2024-01-02T03:04:05.000000006Z',
      ...(config && { config }),
      rootfs: { type: 'layers', diff_ids: layers.map((layer) => digestOf(layer)) },
      ...(history && { history }),
    };
    const json = encodeDocument(document);
    const Config = `${hexOf(digestOf(json))}.json`;
    members.push({ path: Config, type: 'file', content: json });
    const Layers = layers.map((layer) => {
      const path = `${hexOf(digestOf(layer))}/layer.tar`;
      members.push({ path, type: 'file', content: layer });
      return path;
    });
    return { Config, RepoTags: tags ?? null, Layers };
  });
  return tarOf([...members, { path: 'manifest.json', type: 'file', content: JSON.stringify(manifest) }]);
}

export interface Fixture {
  readonly images: Images;
  readonly snapshots: Snapshots;
  readonly blobs: BlobStore;
  readonly home: string;
  /** Loads an archive and tells what was reported. */
  load(archive: Buffer): Promise<{ loaded: string[]; progress: Progress[] }>;
  /** `action name` of all image events so far. */
  events(): Promise<string[]>;
  /** How many blobs, layers and temporary files there are. */
  leftOvers(): Promise<{ blobs: number; layers: number; temporary: number }>;
  close(): Promise<void>;
  /** As after a restart of the daemon. */
  reopen(layerForm?: LayerForm): Promise<Fixture>;
}

export async function openFixture(context: TestContext, users?: ImageUsers): Promise<Fixture> {
  const home = mkdtempSync('/var/tmp/berth-images-');
  const fixture = await openFixtureAt(context, home, users);
  // Hooks run in this order: what is mounted there goes first.
  context.after(() => rmSync(home, { recursive: true, force: true }));
  return fixture;
}

/** With its data root in `<home>/data`, which the caller removes. */
export async function openFixtureAt(
  context: TestContext,
  home: string,
  users: ImageUsers = () => [],
): Promise<Fixture> {
  mkdirSync(join(home, 'data'), { recursive: true });
  const opened: Fixture[] = [];
  context.after(async () => {
    for (const { close } of opened) await close();
  });
  return open(opened, home, users);
}

/** Adds itself to those that are to be closed in the end. */
async function open(
  opened: Fixture[],
  home: string,
  users: ImageUsers,
  layerForm?: LayerForm,
): Promise<Fixture> {
  const database = Database.open(join(home, 'data/berth.db'));
  const blobs = await BlobStore.open(join(home, 'data/content'));
  const snapshots = await openSnapshots({
    root: join(home, 'data'),
    log: silentLogger,
    mappings: new MountMappings(),
    layerForm,
  });
  const events = new Events(database);
  const images = await Images.open({
    database,
    blobs,
    snapshots,
    events,
    log: silentLogger,
    users,
    registries: DEFAULT_REGISTRIES,
    actions: new Timer('action', []),
  });
  let closed = false;
  const close = async () => {
    if (closed) return;
    closed = true;
    await images.close();
    for (const id of await snapshots.list()) await snapshots.unmount(id);
    await snapshots.close();
    database[Symbol.dispose]();
  };
  const fixture: Fixture = {
    images,
    snapshots,
    blobs,
    home,
    close,
    async load(archive) {
      const progress: Progress[] = [];
      const { loaded } = await images.load(Readable.from([archive]), { onProgress: (p) => progress.push(p) });
      return { loaded, progress };
    },
    async events() {
      const past = events.subscribe({ since: 0n, until: nowNano() }, new AbortController().signal);
      const all: EngineEvent[] = await Array.fromAsync(past);
      return all.map(({ action, actor }) => `${action} ${actor.attributes.name}`);
    },
    async leftOvers() {
      const found = await Array.fromAsync(blobs.list());
      const temporary = ['content/tmp', 'content/ingest'].flatMap((name) =>
        readdirSync(join(home, 'data', name)),
      );
      const unfinished = readdirSync(join(home, 'data/layers')).filter((name) => name.startsWith('.'));
      return {
        blobs: found.length,
        layers: (await snapshots.layers()).length,
        temporary: temporary.length + unfinished.length,
      };
    },
    async reopen(form = layerForm) {
      await close();
      return open(opened, home, users, form);
    },
  };
  opened.push(fixture);
  return fixture;
}
