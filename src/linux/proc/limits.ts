import { invalid } from '#lib/errors';
import { getrlimit } from '../ffi/limits.ts';

/** Linux' generic resource numbers, by the names of `ulimit` in a container's configuration. */
const RESOURCES: ReadonlyMap<string, number> = new Map(
  [
    'cpu',
    'fsize',
    'data',
    'stack',
    'core',
    'rss',
    'nproc',
    'nofile',
    'memlock',
    'as',
    'locks',
    'sigpending',
    'msgqueue',
    'nice',
    'rtprio',
    'rttime',
  ].map((name, number) => [name, number]),
);

const INFINITY = 0xffff_ffff_ffff_ffffn;

/**
 * Our own hard limit of `nofile` (or `RLIMIT_NOFILE`): without CAP_SYS_RESOURCE nobody we start
 * can have more. Infinity when there is none.
 * @throws invalid for an unknown name
 */
export function hardLimit(name: string): number {
  const resource = RESOURCES.get(name.toLowerCase().replace(/^rlimit_/, ''));
  if (resource === undefined) throw invalid(`invalid ulimit type: ${name}`);
  const limits = new BigUint64Array(2);
  getrlimit(resource, limits);
  const hard = limits[1] ?? 0n;
  return hard === INFINITY ? Number.POSITIVE_INFINITY : Number(hard);
}
