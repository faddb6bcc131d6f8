import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf } from '#lib/errors';

const DIRECTORY = '/proc/sys/fs/binfmt_misc';

/** Who runs programs of another machine (Documentation/admin-guide/binfmt-misc.rst of Linux). */
export interface Emulator {
  readonly name: string;
  /** Path of the interpreter. */
  readonly interpreter: string;
  /** It was opened when it was registered: it need not be in the container. */
  readonly fixed: boolean;
  readonly offset: number;
  readonly magic: Buffer;
  readonly mask: Buffer | undefined;
}

/** Those that are registered and switched on; none where binfmt_misc is not mounted. */
export function readEmulators(directory = DIRECTORY): Emulator[] {
  return namesIn(directory).flatMap((name) => {
    try {
      return parse(name, readFileSync(join(directory, name), 'utf8')) ?? [];
    } catch (error) {
      // It was taken away meanwhile.
      if (codeOf(error) === 'ENOENT') return [];
      throw error;
    }
  });
}

/** The one that a program which begins so is handed to. */
export const emulatorOf = (header: Buffer, emulators: readonly Emulator[]): Emulator | undefined =>
  emulators.find(({ offset, magic, mask }) => {
    if (offset + magic.length > header.length) return false;
    return magic.every((byte, index) => {
      const bits = mask?.[index] ?? 0xff;
      return ((header[offset + index] ?? 0) & bits) === (byte & bits);
    });
  });

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory).filter((name) => name !== 'register' && name !== 'status');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
}

function parse(name: string, text: string): Emulator | undefined {
  const [state, ...lines] = text.split('\n');
  const fields = new Map(
    lines.map((line) => {
      const [key = '', ...rest] = line.split(' ');
      return [key.replace(/:$/, ''), rest.join(' ')];
    }),
  );
  const magic = fields.get('magic');
  const interpreter = fields.get('interpreter');
  if (state !== 'enabled' || magic === undefined || interpreter === undefined) return undefined;
  const mask = fields.get('mask');
  return {
    name,
    interpreter,
    fixed: fields.get('flags')?.includes('F') ?? false,
    offset: Number(fields.get('offset') ?? 0),
    magic: Buffer.from(magic, 'hex'),
    mask: mask === undefined ? undefined : Buffer.from(mask, 'hex'),
  };
}
