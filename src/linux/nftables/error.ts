import { errnoNumber } from '../errno.ts';

/** strerror(3)'s words for what the kernel answers to nftables. */
const WORDS: Readonly<Record<string, string>> = {
  'No such file or directory': 'ENOENT',
  'File exists': 'EEXIST',
  'Operation not permitted': 'EPERM',
  'Permission denied': 'EACCES',
  'Device or resource busy': 'EBUSY',
  'Operation not supported': 'EOPNOTSUPP',
  'Protocol not supported': 'EPROTONOSUPPORT',
  'Cannot allocate memory': 'ENOMEM',
  'Too many links': 'EMLINK',
  'Too many levels of symbolic links': 'ELOOP',
  'Numerical result out of range': 'ERANGE',
  'No buffer space available': 'ENOBUFS',
  'Message too long': 'EMSGSIZE',
  'Resource temporarily unavailable': 'EAGAIN',
  'Interrupted system call': 'EINTR',
};

/**
 * The errno of the first message of libnftables, which only has it as text at the end of a line
 * (`Error: Could not process rule: File exists`). EINVAL for its own complaints about the script.
 */
export function nftErrno(message: string): number {
  const [first = ''] = message.split('\n', 1);
  const words = first.slice(first.lastIndexOf(': ') + 2).replace(/[;.].*$/, '');
  return errnoNumber(Object.hasOwn(WORDS, words) ? (WORDS[words] ?? '') : 'EINVAL');
}
