import { BerthError } from '#lib/errors';

/**
 * A failed system call. `code` is the errno's name (`EBUSY`), `call` the call, and the message
 * shows its arguments: `mount(overlay, /var/lib/...): EBUSY`.
 */
export class SystemError extends BerthError {
  override readonly name = 'SystemError';
  readonly code: string;
  readonly errno: number;
  readonly call: string;

  constructor(call: string, args: readonly unknown[], errno: number, code: string, detail?: string) {
    super('system', `${call}(${args.join(', ')}): ${code}${detail ? `: ${detail}` : ''}`);
    this.call = call;
    this.errno = errno;
    this.code = code;
  }
}
