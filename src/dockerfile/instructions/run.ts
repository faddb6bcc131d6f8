import { invalid } from '#lib/errors';
import { Flags } from '../flags.ts';
import { announcedBy } from '../heredoc.ts';
import type { Statement } from '../statement.ts';
import { jsonList } from '../words/split.ts';
import type { Command, Placed, Run } from './instruction.ts';

/** `RUN [--mount=…] [--network=…] [--security=…] command`. @throws invalid */
export function parseRun(statement: Statement, placed: Placed): Run {
  const flags = new Flags('RUN', statement.flags);
  const mounts = flags.strings('mount');
  const network = oneOf('network', flags.string('network') ?? 'default', [
    'default',
    'none',
    'host',
  ] as const);
  const security = oneOf('security', flags.string('security') ?? 'sandbox', ['sandbox', 'insecure'] as const);
  const devices = flags.strings('device');
  flags.end();
  const command = commandOf('RUN', statement);
  return {
    kind: 'RUN',
    ...placed,
    command,
    heredocs: statement.heredocs,
    mounts,
    network,
    security,
    devices,
  };
}

/** The exec form is JSON; all else is for the shell. @throws invalid when there is none */
export function commandOf(instruction: string, { rest }: Pick<Statement, 'rest'>): Command {
  const words = jsonList(rest);
  if (words ? words.length === 0 : rest === '') {
    throw invalid(`${instruction} requires at least one argument`);
  }
  return words ? { form: 'exec', words } : { form: 'shell', script: rest };
}

/** A RUN that consists of a heredoc alone: the document is the script. */
export function isScript({ command, heredocs }: Run): boolean {
  return heredocs.length === 1 && command.form === 'shell' && announcedBy(command.script) !== undefined;
}

function oneOf<T extends string>(flag: string, value: string, known: readonly T[]): T {
  const found = known.find((each) => each === value);
  if (found === undefined) {
    throw invalid(`invalid value "${value}" for flag ${flag}: use one of ${known.join(', ')}`);
  }
  return found;
}
