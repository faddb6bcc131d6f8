import type { Readable, Writable } from 'node:stream';
import type { Containers } from '#engine/containers';
import type { Images, Work } from '#engine/images';
import type { Snapshots } from '#engine/snapshots';
import type { IdleThread } from '#lib/idle-thread';
import type { BuildCache } from './cache.ts';
import type { CacheMounts } from './cache-mounts.ts';
import type { SelectJobs } from './files/select-thread.ts';
import type { Tree } from './files/tree.ts';
import type { OnBuildEvent } from './progress.ts';
import type { ImportedCaches } from './remote-cache/imported.ts';

/** What the steps of one build share. */
export interface BuildSession {
  readonly images: Images;
  readonly containers: Containers;
  readonly snapshots: Snapshots;
  readonly cache: BuildCache;
  /** Results of builds elsewhere. */
  readonly imported: ImportedCaches;
  /** Holds all that the build makes or takes from the cache. */
  readonly work: Work;
  readonly selectThread: IdleThread<SelectJobs>;
  readonly cacheMounts: CacheMounts;
  /** Of this build alone; removed with it. In memory: what is secret never meets a disk. */
  readonly temporary: string;
  /** Of this build alone, on disk: what is fetched. */
  readonly workspace: string;
  readonly secrets: Secrets;
  readonly ssh: SshAgents;
  readonly limits: BuildLimits;
  readonly onEvent: OnBuildEvent;
  readonly signal: AbortSignal;
  /** What was fetched once is not fetched again in this build; gives its directory. */
  fetched(url: string, fetch: () => Promise<string>): Promise<string>;
  /** Of what was fetched, by its address: `sha256:…` of a file, `sha1:…` of a commit. */
  readonly fetchedDigests: Map<string, string>;
  /** The digest of a path of a context. */
  treeDigest(tree: Tree, path: string): string;
}

export interface Secrets {
  /** Undefined: nobody gave one of that id. */
  get(id: string): Promise<Buffer | undefined>;
}

/** Agents of the client that sign with its keys. */
export interface SshAgents {
  has(id: string): boolean | Promise<boolean>;
  /** One conversation with the agent of that id. */
  connect(id: string): Promise<{ readonly input: Readable; readonly output: Writable }>;
}

/** What a build may do beyond what is safe for everybody. */
export type Entitlement = 'security.insecure' | 'network.host';

/** Of every RUN. 0: none. */
export interface BuildLimits {
  readonly memory: number;
  readonly memorySwap: number;
  readonly cpuShares: number;
  readonly cpuPeriod: number;
  readonly cpuQuota: number;
  readonly cpusetCpus: string;
  readonly cpusetMems: string;
  readonly shmSize: number;
  readonly ulimits: readonly { readonly name: string; readonly soft: number; readonly hard: number }[];
  readonly extraHosts: readonly string[];
  readonly cgroupParent: string;
}
