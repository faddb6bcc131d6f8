/** An engine under measurement, in roots and namespaces of its own. */
export interface Peer extends AsyncDisposable {
  /** Name and version, for the table's head. */
  readonly version: string;
  /** The command that people type, up to the verb: `['docker', '-H', ...]`. */
  readonly command: readonly string[];
  /** Ulimits that every container needs on this host, as `--ulimit` flags and in a HostConfig. */
  readonly limits: { readonly flags: readonly string[]; readonly hostConfig: object };
  /** Engine API socket. */
  readonly socket: string;
  /** Matches the command lines of the processes that it has for each container. */
  readonly helpers: RegExp;
  /** Matches those of its daemons. */
  readonly daemons: RegExp;
}

export const NO_LIMITS: Peer['limits'] = { flags: [], hostConfig: {} };
