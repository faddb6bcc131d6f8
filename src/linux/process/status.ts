/** `code` is what a shell would say: 128+signal after a signal. */
export interface ExitStatus {
  readonly code: number;
  readonly signal?: number;
}

/** Takes a wait status (wait(2)) apart. */
export function exitStatus(status: number): ExitStatus {
  const signal = status & 0x7f;
  return signal === 0 ? { code: (status >> 8) & 0xff } : { code: 128 + signal, signal };
}
