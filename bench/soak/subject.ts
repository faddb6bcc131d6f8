/** An engine whose belongings are counted. */
export interface Subject {
  readonly name: string;
  /** Of its Engine API. */
  readonly socket: string;
  /** All that it makes lies below. */
  readonly root: string;
  readonly dataRoot: string;
  /** The cgroup that all of its containers lie below. */
  readonly cgroup: string;
  /** Its nftables table; undefined: all of the network namespace's rules are its own. */
  readonly table?: string;
  /** Process ids of its daemons, that of the Engine API first. */
  daemons(): readonly number[];
  /** Ends its daemon by a signal and starts it again; milliseconds that each took. */
  readonly restart?: (
    signal: 'SIGTERM' | 'SIGKILL',
  ) => Promise<{ readonly ended: number; readonly started: number }>;
}
