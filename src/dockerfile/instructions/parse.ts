import { invalid } from '#lib/errors';
import { located } from '../error.ts';
import type { Statement } from '../statement.ts';
import { suggest } from '../suggest.ts';
import { parseAdd, parseCopy } from './files.ts';
import { parseFrom } from './from.ts';
import { parseHealthcheck } from './healthcheck.ts';
import type { AnyInstruction, Placed } from './instruction.ts';
import { parseArg, parseKeyValues } from './key-values.ts';
import { parseOnBuild, parseShell, parseSingleValue, parseStartCommand, parseWordList } from './plain.ts';
import { parseRun } from './run.ts';

type Parse = (statement: Statement, placed: Placed, escape: string) => AnyInstruction;

const PARSERS: Readonly<Record<string, Parse>> = {
  FROM: parseFrom,
  RUN: parseRun,
  COPY: parseCopy,
  ADD: parseAdd,
  ARG: parseArg,
  ENV: (statement, placed, escape) => parseKeyValues('ENV', statement, placed, escape),
  LABEL: (statement, placed, escape) => parseKeyValues('LABEL', statement, placed, escape),
  CMD: (statement, placed) => parseStartCommand('CMD', statement, placed),
  ENTRYPOINT: (statement, placed) => parseStartCommand('ENTRYPOINT', statement, placed),
  EXPOSE: (statement, placed) => parseWordList('EXPOSE', statement, placed),
  VOLUME: (statement, placed) => parseWordList('VOLUME', statement, placed),
  USER: (statement, placed) => parseSingleValue('USER', statement, placed),
  WORKDIR: (statement, placed) => parseSingleValue('WORKDIR', statement, placed),
  STOPSIGNAL: (statement, placed) => parseSingleValue('STOPSIGNAL', statement, placed),
  MAINTAINER: (statement, placed) => parseSingleValue('MAINTAINER', statement, placed),
  SHELL: parseShell,
  ONBUILD: parseOnBuild,
  HEALTHCHECK: parseHealthcheck,
};

export const KEYWORDS = Object.keys(PARSERS);

/** @throws DockerfileError */
export function parseInstruction(statement: Statement, escape: string): AnyInstruction {
  const { keyword, lines, comment } = statement;
  return located(lines, () => {
    const name = keyword.toUpperCase();
    const parse = Object.hasOwn(PARSERS, name) ? PARSERS[name] : undefined;
    if (!parse) throw invalid(`unknown instruction: ${keyword}${suggestion(name)}`);
    return parse(statement, { lines, comment, keyword, text: textOf(statement, name) }, escape);
  });
}

function textOf({ flags, rest }: Statement, name: string): string {
  const written = flags.map(({ name, value }) => (value === undefined ? `--${name}` : `--${name}=${value}`));
  return [name, ...written, rest].filter(Boolean).join(' ');
}

function suggestion(name: string): string {
  const near = suggest(name, KEYWORDS);
  return near === undefined ? '' : ` (did you mean ${near}?)`;
}
