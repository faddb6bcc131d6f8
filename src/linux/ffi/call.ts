import koffi from 'koffi';
import { invalid } from '#lib/errors';
import { SystemError } from '../errno.ts';

/** What may be given to a C function. Strings go as UTF-8; `null` is NULL. */
export type CValue = string | number | bigint | NodeJS.TypedArray | null | readonly (string | null)[];

type Raw = ((...args: unknown[]) => number) & {
  async(...args: unknown[]): void;
};

const libc = koffi.load('libc.so.6');

/**
 * A C string ends at its first NUL, so `/proc\0/x` would name `/proc` to the kernel:
 * whatever was checked before was checked on another name. Such a string is never passed on.
 */
function refuseNul(call: string, args: readonly CValue[]): void {
  for (const argument of args) {
    if (typeof argument === 'string') {
      if (argument.includes('\0')) throw invalid(`${call}: ${JSON.stringify(argument)} contains a NUL byte`);
    } else if (Array.isArray(argument)) refuseNul(call, argument);
  }
}

/** A function that reports failure as -1 and errno. */
export interface Call<A extends readonly CValue[]> {
  /** @throws SystemError */
  (...args: A): number;
  /** The result, or minus errno: for failures that are part of the game. */
  attempt(...args: A): number;
  /** The same in libuv's thread pool. Rejects with SystemError. */
  async(...args: A): Promise<number>;
}

function wrap<A extends readonly CValue[]>(name: string, raw: Raw, prefix: readonly number[]): Call<A> {
  const attempt = (...args: A): number => {
    refuseNul(name, args);
    const result = raw(...prefix, ...args);
    return result < 0 ? -koffi.errno() : result;
  };
  const call = (...args: A): number => {
    const result = attempt(...args);
    if (result < 0) throw new SystemError(name, args, -result);
    return result;
  };
  const async = (...args: A): Promise<number> => {
    refuseNul(name, args);
    return new Promise((resolve, reject) => {
      raw.async(...prefix, ...args, (failure: unknown, result: number) => {
        // koffi restores the pool thread's errno for the duration of this callback only.
        const errno = koffi.errno();
        if (failure) reject(failure);
        else if (result < 0) reject(new SystemError(name, args, errno));
        else resolve(result);
      });
    });
  };
  return Object.assign(call, { attempt, async });
}

/** Binds a libc function by its C prototype. */
export function libcCall<A extends readonly CValue[]>(prototype: string): Call<A> {
  const raw = libc.func(prototype);
  return wrap<A>(raw.info.name, raw as unknown as Raw, []);
}

/** Binds a system call that libc has no function for. `types` are C types, at most six. */
export function systemCall<A extends readonly CValue[]>(
  name: string,
  number: number,
  types: readonly string[],
): Call<A> {
  const raw = libc.func('syscall', 'long', ['long', ...types]);
  return wrap<A>(name, raw as unknown as Raw, [number]);
}

/** Binds a libc function that returns 0 or an error number, as the posix_spawn family does. */
export function libcErrorCall<A extends readonly CValue[]>(prototype: string): (...args: A) => number {
  const raw = libc.func(prototype);
  return (...args: A) => {
    refuseNul(raw.info.name, args);
    return raw(...args) as number;
  };
}
