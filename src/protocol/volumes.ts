import { map, object, type Static, string } from './schema.ts';

/** POST /volumes/create */
export const volumeCreateRequest = object({
  Name: string,
  Driver: string,
  DriverOpts: map(string),
  Labels: map(string),
  /** A volume of a swarm: nothing of it is read here. */
  ClusterVolumeSpec: object({}),
});
export type VolumeCreateRequest = Static<typeof volumeCreateRequest>;

export interface VolumeInspect {
  readonly CreatedAt: string;
  readonly Driver: string;
  readonly Labels: Readonly<Record<string, string>> | null;
  readonly Mountpoint: string;
  readonly Name: string;
  readonly Options: Readonly<Record<string, string>> | null;
  readonly Scope: string;
  readonly UsageData?: { readonly Size: number; readonly RefCount: number };
}

/** GET /volumes */
export interface VolumeListResponse {
  readonly Volumes: readonly VolumeInspect[];
  readonly Warnings: readonly string[] | null;
}

/** POST /volumes/prune */
export interface VolumesPruneReport {
  readonly VolumesDeleted: readonly string[] | null;
  readonly SpaceReclaimed: number;
}
