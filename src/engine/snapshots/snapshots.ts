import type { Readable } from 'node:stream';
import type { IdMap } from '#linux/ids';

/** A layer as it is stored: gzip, zstd or plain tar, told by its magic; a part of a file is a plain tar. */
export interface StoredLayer {
  readonly path: string;
  readonly part?: { readonly start: number; readonly length: number };
}

export interface LayerSource extends StoredLayer {
  readonly chainId: string;
  /** Chain id of the layer below; absent for the bottom one. */
  readonly parent?: string;
  /** Digest of the uncompressed tar; verified while unpacking. */
  readonly diffId: string;
}

export interface UnpackOptions {
  /** Told now and then: bytes of the stored (compressed) layer that have been read. */
  readonly onProgress?: (bytes: number) => void;
  readonly signal?: AbortSignal;
}

export interface Change {
  /** Absolute, as seen in the container: `/etc/hosts`. */
  readonly path: string;
  readonly kind: 'modified' | 'added' | 'deleted';
}

export interface Usage {
  /** Bytes of regular files, hard links once. */
  readonly size: number;
  readonly inodes: number;
}

/** A root file system that stays mounted until this is disposed. */
export interface HeldRoot extends AsyncDisposable {
  readonly path: string;
  /** How the owners of files show at `path`; undefined: as they are in the container. */
  readonly idMap: IdMap | undefined;
}

/** What a snapshot has changed, packed as a layer: it is kept with the snapshot. */
export interface PackedChanges extends Usage {
  readonly diffId: string;
  /** Where the layer's tar is. */
  readonly archive: FileRange;
  /** The form in which it was packed, and is to be committed. */
  readonly form: LayerForm;
}

/** A layer's tar that was taken in, and is no layer yet: gone when this is disposed, unless it was kept. */
export interface ReceivedLayer extends Disposable {
  readonly diffId: string;
  /** Makes it that layer, unless there is one, or layers are directories: these are unpacked once they have a name. */
  keep(chainId: string): Promise<void>;
}

/** What became of a layer that was to change its form: it may be in use, or of a kind that an image cannot hold. */
export type Conversion = 'converted' | 'unchanged' | 'in-use' | 'unfit';

export interface FileRange {
  readonly path: string;
  readonly start: number;
  readonly length: number;
}

/** A layer is a directory of files, or one file that is mounted where the directory would be. */
export type LayerForm = 'directory' | 'erofs';

/**
 * Where layers and containers' root file systems live. One driver per daemon, picked at open; images and containers
 * only see this interface.
 */
export interface Snapshots {
  /** What `docker info` calls the storage driver. */
  readonly driver: string;
  readonly driverStatus: readonly (readonly [string, string])[];
  hasLayer(chainId: string): boolean;
  /**
   * Unpacks once per chain id, however many ask at the same time; atomic (a crash leaves nothing that counts).
   * @throws invalid for a broken or hostile layer; system when the disk is full
   */
  unpack(layer: LayerSource, options?: UnpackOptions): Promise<Usage>;
  /** Takes in the tar of a new layer on top of another one; hashed, and written as an image in the same pass. @throws as unpack */
  receive(
    tar: AsyncIterable<Uint8Array>,
    parent: string | undefined,
    signal?: AbortSignal,
  ): Promise<ReceivedLayer>;
  /** What new layers become, where they can. */
  readonly layerForm: LayerForm;
  /**
   * Gives a layer that form, from its tar as it is stored; snapshots that stand on it notice nothing.
   * @throws as unpack; notFound
   */
  convertLayer(chainId: string, stored: StoredLayer, signal?: AbortSignal): Promise<Conversion>;
  /** Makes it anew from its tar as it is stored, whatever is wrong with it. @throws as unpack; notFound */
  rebuildLayer(chainId: string, stored: StoredLayer, signal?: AbortSignal): Promise<Conversion>;
  /** The tar that the layer was made of, where it is kept with it, and the digest that it has. @throws notFound */
  layerArchive(chainId: string): (FileRange & { readonly diffId: string }) | undefined;
  /** The tar of that digest, where a layer that is here keeps it. */
  archiveOf(diffId: string): FileRange | undefined;
  /** Whether a layer has its tar with it, so that not even a power failure takes it away. */
  securesArchive(chainId: string): Promise<boolean>;
  /** @throws notFound */
  layerUsage(chainId: string): Promise<Usage>;
  /** Out of reach at once, deleted in the background; missing is fine. @throws conflict while a snapshot stands on it */
  removeLayer(chainId: string): Promise<void>;
  /** True while a writable snapshot stands on the layer. */
  isLayerUsed(chainId: string): boolean;
  layers(): Promise<string[]>;
  /**
   * A writable snapshot on top of `layers` (chain ids, top first; may be empty). Not mounted yet. With `idMap`
   * its owners show mapped wherever it is mounted; on disk, in changes and exports they are the container's.
   * @throws notFound for a missing layer; conflict when the id is taken
   */
  prepare(
    id: string,
    layers: readonly string[],
    options?: { readonly idMap?: IdMap | undefined },
  ): Promise<void>;
  /** Whether snapshots can have their owners mapped here. @throws unsupported when not, saying why */
  requireIdMapping(idMap: IdMap): Promise<void>;
  /** Mounts (idempotent) and returns the merged path: 50-300 us, unless an unmount has to end first. @throws notFound */
  mount(id: string, options?: { volatile?: boolean }): Promise<string>;
  isMounted(id: string): boolean;
  /** Some time after it is asked for, unless it is mounted again meanwhile; missing and not mounted are fine. */
  unmount(id: string): Promise<void>;
  /** Unmounts and removes; missing is fine. Big removals happen in the background but never come back after a crash. */
  remove(id: string): Promise<void>;
  /** Deletes a tree of the same file system in the background; gone at once, also after a crash. Missing is fine. */
  discard(path: string): void;
  /** Ids of all writable snapshots. */
  list(): Promise<string[]>;
  /**
   * What the container changed against its layers, sorted by path, as `docker diff` tells. What a runtime
   * made at `mountPoints` (paths without leading slash) only to mount on is left out.
   */
  changes(id: string, mountPoints?: readonly string[]): Promise<Change[]>;
  /** The changes as an OCI layer tar (uncompressed), whiteouts included. */
  exportChanges(id: string, mountPoints?: readonly string[]): Readable;
  /**
   * Packs the changes as a layer. The snapshot is unmounted for it, and what was only mounted on is taken out of it.
   * Only for one whose container has ended and will not run again.
   */
  packChanges(id: string, mountPoints?: readonly string[]): Promise<PackedChanges>;
  /** Turns a packed snapshot into the layer, without copying anything; the snapshot is gone. @throws notFound */
  commit(id: string, layer: Pick<LayerSource, 'chainId' | 'parent'>, packed: PackedChanges): Promise<void>;
  /**
   * The whole root file system as a tar (docker export), but for the paths in `leftOut` (without leading slash);
   * works mounted or not.
   */
  exportTree(id: string, leftOut?: readonly string[]): Readable;
  usage(id: string): Promise<Usage>;
  /** Keeps it mounted read-write until the result is disposed, whatever its owner does meanwhile. @throws notFound */
  hold(id: string): Promise<HeldRoot>;
  /** Mounts it read-write, hands the path to `work`, unmounts if it was not mounted before. */
  withMounted<T>(id: string, work: (root: string, idMap: IdMap | undefined) => Promise<T>): Promise<T>;
  /** For inspect's GraphDriver.Data. @throws notFound */
  describe(id: string): Readonly<Record<string, string>>;
  /** Ends what runs in the background. Mounts stay: containers may be running on them. */
  close(): Promise<void>;
}
