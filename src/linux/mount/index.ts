// CONTRACT: names and signatures below are what the rest of the tree is written against.
export interface OverlayOptions {
  /** Lower directories, uppermost first. */
  readonly lowers: readonly string[];
  /** Absent: a read-only overlay (two or more lowers). */
  readonly upper?: string;
  readonly work?: string;
  readonly target: string;
  /** Skip every sync of the upper: only for data that is thrown away. */
  readonly volatile?: boolean;
}
/** overlay(5) through fsopen/fsconfig(lowerdir+)/fsmount/move_mount. Synchronous: 50 us. @throws SystemError */
export declare function mountOverlay(options: OverlayOptions): void;
export declare function bindMount(
  source: string,
  target: string,
  options?: { recursive?: boolean; readonly?: boolean },
): void;
export declare function mountTmpfs(
  target: string,
  data: string,
  flags?: { nosuid?: boolean; nodev?: boolean; noexec?: boolean; readonly?: boolean },
): void;
/** Binds a directory on itself and makes it a shared mount, once; true when it had to. */
export declare function shareMount(path: string): boolean;
/** umount2(MNT_DETACH) in the thread pool: an overlay's umount syncs and waits for RCU. Missing mounts are fine. */
export declare function unmount(path: string): Promise<void>;
export interface MountInfo {
  readonly id: number;
  readonly mountPoint: string;
  readonly root: string;
  readonly fsType: string;
  readonly source: string;
  readonly options: readonly string[];
  /** `shared:N`, `master:N`... */
  readonly propagation: readonly string[];
}
/** /proc/self/mountinfo, in mount order. */
export declare function listMounts(): MountInfo[];
export declare function isMountPoint(path: string): boolean;
