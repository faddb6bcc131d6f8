import { TAR_END, type TarHeader, tarHeader, tarPadding } from '../index.ts';

export type Member = Partial<TarHeader> & { readonly path: string; readonly body?: Buffer | string };

/** A tar of these members; without a type: a directory when the path ends in a slash, else a file. */
export function tar(...members: readonly (Member | Buffer)[]): Buffer {
  return Buffer.concat([
    ...members.map((member) => (Buffer.isBuffer(member) ? member : encode(member))),
    TAR_END,
  ]);
}

function encode({ body = '', ...header }: Member): Buffer {
  const content = Buffer.from(body);
  const type = header.type ?? (header.path.endsWith('/') ? 'directory' : 'file');
  const size = header.size ?? content.length;
  return Buffer.concat([
    tarHeader({ mode: type === 'directory' ? 0o755 : 0o644, ...header, type, size }),
    content,
    tarPadding(size),
  ]);
}

/** In pieces of any size, as a stream brings them. */
export function* pieces(content: Buffer, size: number): Generator<Buffer> {
  for (let at = 0; at < content.length; at += size) yield content.subarray(at, at + size);
}
