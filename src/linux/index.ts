/** A failed system call: the errno's name, the call and what it was given. */
export { SystemError } from './errno.ts';
