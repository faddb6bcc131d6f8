import { libcCall } from './call.ts';

/** getrlimit(2) into `struct rlimit { u64 soft, hard }`. */
export const getrlimit = libcCall<[resource: number, result: BigUint64Array]>('int getrlimit(int, void *)');
