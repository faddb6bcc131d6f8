/**
 * What a user or a supervisor sends to a process on purpose. Not: KILL and STOP, which nobody can catch; CHLD, PIPE,
 * URG and WINCH, which are about this process; SEGV and its like, which are faults of this process.
 */
const FORWARDED = [
  'SIGHUP',
  'SIGINT',
  'SIGQUIT',
  'SIGTERM',
  'SIGUSR1',
  'SIGUSR2',
  'SIGALRM',
  'SIGCONT',
  'SIGTSTP',
  'SIGTTIN',
  'SIGTTOU',
] as const;

/** Hands signals on to the container until disposed. */
export function forwardSignals(kill: (signal: string) => Promise<void>): Disposable {
  const onSignal = (signal: NodeJS.Signals) => {
    // The container may be gone already: the exit status will tell.
    kill(signal).catch(() => {});
  };
  for (const signal of FORWARDED) process.on(signal, onSignal);
  return {
    [Symbol.dispose]() {
      for (const signal of FORWARDED) process.off(signal, onSignal);
    },
  };
}
