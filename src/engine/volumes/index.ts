// CONTRACT
import type { Events } from '#engine/events';
import type { Logger } from '#lib/log';
import type { Database } from '#store';
export interface Volume {
  readonly name: string;
  readonly driver: 'local';
  readonly mountpoint: string;
  readonly createdAt: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly options: Readonly<Record<string, string>>;
  readonly anonymous: boolean;
}
export declare class Volumes {
  static open(options: {
    root: string;
    database: Database;
    events: Events;
    log: Logger;
    users: (volume: string) => readonly string[];
  }): Promise<Volumes>;
  /** Idempotent for the same name; anonymous without one. `local` options type/device/o (mount on use), size refused with a clear text. */
  create(options: {
    name?: string;
    driver?: string;
    labels?: Readonly<Record<string, string>>;
    options?: Readonly<Record<string, string>>;
    anonymous?: boolean;
  }): Promise<Volume>;
  get(name: string): Volume;
  list(): Volume[];
  /** 409 while containers use it (`volume is in use - [ids]`). */
  remove(name: string, options?: { force?: boolean }): Promise<void>;
  prune(options: {
    all: boolean;
    matchesLabels?: (labels: Readonly<Record<string, string>>) => boolean;
  }): Promise<{ removed: string[]; reclaimed: number }>;
  /** Makes it usable (mounts a volume with device options) and returns the directory. Counted per user. */
  mount(name: string, containerId: string): Promise<string>;
  unmount(name: string, containerId: string): Promise<void>;
  /** Copies what the image has at the mount's destination into an empty volume: owners, modes, xattrs, links kept. `source` is a path below the container's root. */
  copyUp(name: string, source: string): Promise<void>;
  usage(): Promise<readonly { name: string; size: number }[]>;
  close(): Promise<void>;
}
