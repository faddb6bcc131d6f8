/** What a log driver may say about the container whose output it delivers. */
export interface LogSource {
  readonly id: string;
  /** Without its slash. */
  readonly name: string;
  readonly created: string;
  /** `sha256:` id. */
  readonly imageId: string;
  /** As the user typed it. */
  readonly imageName: string;
  /** The command line, its first word the program. */
  readonly command: readonly string[];
  /** `NAME=value` */
  readonly env: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

/** For checks that need a container before there is one. */
export const EXAMPLE_SOURCE: LogSource = {
  id: '0'.repeat(64),
  name: 'name',
  created: '2026-01-01T00:00:00Z',
  imageId: `sha256:${'0'.repeat(64)}`,
  imageName: 'image',
  command: ['command'],
  env: [],
  labels: {},
};
