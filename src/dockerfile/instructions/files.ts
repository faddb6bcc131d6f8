import { invalid } from '#lib/errors';
import { Flags } from '../flags.ts';
import { announcedBy } from '../heredoc.ts';
import type { Heredoc, Statement } from '../statement.ts';
import { listOf } from '../words/split.ts';
import type { Add, Copy, Placed } from './instruction.ts';

/** `COPY [--from=…] [--chown=…] … source… destination`. @throws invalid */
export function parseCopy(statement: Statement, placed: Placed): Copy {
  const flags = new Flags('COPY', statement.flags);
  const from = flags.string('from');
  const parents = flags.boolean('parents');
  const common = commonOf(flags);
  flags.end();
  return {
    kind: 'COPY',
    ...placed,
    ...placesOf('COPY', statement),
    ...common,
    parents,
    ...(from === undefined ? {} : { from }),
  };
}

/** `ADD [--checksum=…] [--unpack] … source… destination`. @throws invalid */
export function parseAdd(statement: Statement, placed: Placed): Add {
  const flags = new Flags('ADD', statement.flags);
  const checksum = flags.string('checksum');
  const keepGitDir = flags.boolean('keep-git-dir');
  const unpack = statement.flags.some(({ name }) => name === 'unpack') ? flags.boolean('unpack') : undefined;
  const common = commonOf(flags);
  flags.end();
  return {
    kind: 'ADD',
    ...placed,
    ...placesOf('ADD', statement),
    ...common,
    keepGitDir,
    ...(checksum === undefined ? {} : { checksum }),
    ...(unpack === undefined ? {} : { unpack }),
  };
}

function commonOf(flags: Flags): Pick<Copy, 'chown' | 'chmod' | 'link' | 'excludes'> {
  const chown = flags.string('chown');
  const chmod = flags.string('chmod');
  return {
    link: flags.boolean('link'),
    excludes: flags.strings('exclude'),
    ...(chown === undefined ? {} : { chown }),
    ...(chmod === undefined ? {} : { chmod }),
  };
}

function placesOf(
  instruction: string,
  { rest, heredocs }: Statement,
): Pick<Copy, 'sources' | 'inline' | 'destination'> {
  const words = listOf(rest);
  const destination = words.pop();
  if (destination === undefined || words.length === 0) {
    throw invalid(
      `${instruction} requires at least two arguments, but only ${destination === undefined ? 'none were' : 'one was'} provided. Destination could not be determined`,
    );
  }
  if (announcedBy(destination)) throw invalid(`${instruction} cannot accept a heredoc as a destination`);
  const inline: Heredoc[] = [];
  const sources = words.filter((word) => {
    const announced = announcedBy(word);
    const heredoc = announced && heredocs[inline.length];
    if (heredoc) inline.push(heredoc);
    return !heredoc;
  });
  return { sources, inline, destination };
}
