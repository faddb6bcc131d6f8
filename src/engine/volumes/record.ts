/** A stored volume; key: its name. */
export interface VolumeRecord {
  readonly name: string;
  readonly createdAt: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Immutable. */
  readonly options: Readonly<Record<string, string>>;
  readonly anonymous: boolean;
  /** Containers that have it mounted; kept for volumes with a device only, which are unmounted after the last. */
  readonly mountedBy?: readonly string[];
  /** Content of an image is being copied in, or was when the engine died: it has to be done again. */
  readonly copying?: boolean;
}
