import { invalid } from '#lib/errors';

/** A path: names are bytes to the kernel, and not all of them are text. */
export type Path = string | Buffer;

/** A path as C takes it. @throws invalid when it has a NUL, where C would end it */
export function cPath(path: Path): Path {
  if (typeof path === 'string') return path;
  if (path.includes(0)) throw invalid(`${JSON.stringify(path.toString())} contains a NUL byte`);
  return Buffer.concat([path, Buffer.of(0)]);
}
