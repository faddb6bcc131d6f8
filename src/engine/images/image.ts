/** An image's run-time defaults, from its OCI config. */
export interface ImageConfig {
  readonly user: string;
  readonly exposedPorts: readonly string[];
  readonly env: readonly string[];
  readonly entrypoint: readonly string[] | undefined;
  readonly cmd: readonly string[] | undefined;
  readonly volumes: readonly string[];
  readonly workingDir: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly stopSignal: string | undefined;
  readonly shell: readonly string[] | undefined;
  readonly healthcheck: HealthcheckConfig | undefined;
  readonly onBuild: readonly string[] | undefined;
}

/** Durations in nanoseconds; 0 = the default. */
export interface HealthcheckConfig {
  /** `['NONE']`, `['CMD', ...]`, `['CMD-SHELL', command]`; empty = inherit. */
  readonly test: readonly string[];
  readonly interval: number;
  readonly timeout: number;
  readonly retries: number;
  readonly startPeriod: number;
  readonly startInterval: number;
}

export interface Image {
  /** `sha256:` digest of the config. */
  readonly id: string;
  /** Familiar references `busybox:latest`. */
  readonly tags: readonly string[];
  /** `name@sha256:...` */
  readonly digests: readonly string[];
  readonly created: string;
  readonly author: string;
  readonly architecture: string;
  readonly variant: string | undefined;
  readonly os: string;
  readonly config: ImageConfig;
  /** Bottom first. */
  readonly layers: readonly { readonly diffId: string; readonly chainId: string }[];
  readonly history: readonly {
    readonly created: string;
    readonly createdBy: string;
    readonly author: string;
    readonly comment: string;
    readonly emptyLayer: boolean;
  }[];
  /** Bytes of all layers unpacked. */
  readonly size: number;
  /** Manifest digest and media type, when it came with one. */
  readonly manifest:
    | { readonly digest: string; readonly mediaType: string; readonly size: number }
    | undefined;
  readonly lastTagged: string | undefined;
  readonly parent: string | undefined;
  readonly comment: string;
}

/** One line of what a client watches while an image is loaded, pulled or pushed. */
export interface Progress {
  /** Short layer id or a tag: Docker's `id` field. */
  readonly id?: string;
  /** `Downloading`, `Pull complete`, `Loaded image: x`... */
  readonly status: string;
  readonly current?: number;
  readonly total?: number;
}
export type OnProgress = (progress: Progress) => void;
