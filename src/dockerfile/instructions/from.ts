import { invalid } from '#lib/errors';
import { Flags } from '../flags.ts';
import type { Statement } from '../statement.ts';
import type { From, Placed } from './instruction.ts';

const NAME = /^[a-z][a-z0-9-_.]*$/;

/** `FROM [--platform=p] base [AS name]`. @throws invalid */
export function parseFrom(statement: Statement, placed: Placed): From {
  const flags = new Flags('FROM', statement.flags);
  const platform = flags.string('platform');
  flags.end();
  const [base, as, writtenName, ...rest] = statement.rest.split(/\s+/).filter(Boolean);
  const shaped =
    as === undefined || (as.toLowerCase() === 'as' && writtenName !== undefined && rest.length === 0);
  if (base === undefined || !shaped) throw invalid('FROM requires either one or three arguments');
  const name = writtenName?.toLowerCase();
  if (name !== undefined && !NAME.test(name)) {
    throw invalid(
      `invalid name for build stage: "${writtenName}", name can't start with a number or contain symbols`,
    );
  }
  return {
    kind: 'FROM',
    ...placed,
    base,
    ...(platform === undefined ? {} : { platform }),
    ...(name === undefined ? {} : { name }),
    ...(writtenName === undefined ? {} : { writtenName }),
    ...(as === undefined ? {} : { as }),
  };
}
