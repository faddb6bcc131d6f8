import { invalid, messageOf } from '#lib/errors';
import { ALL_OPTIONS, type AnyOption, type Settings } from './options/index.ts';
import { suggestion } from './suggestion.ts';

/** Reads the command line as dockerd does: `--flag value`, `--flag=value`, `-H value`, `-Hvalue`, `-D`. @throws invalid */
export function parseArguments(argv: readonly string[]): Settings {
  const given: Record<string, unknown> = {};
  const rest = [...argv];
  for (let argument = rest.shift(); argument !== undefined; argument = rest.shift()) {
    const { option, spelled, attached } = findOption(argument);
    const value = attached ?? (option.argument === undefined ? '' : rest.shift());
    if (value === undefined) throw invalid(`flag needs an argument: ${spelled}`);
    try {
      given[option.name] = option.parse(value, given[option.name]);
    } catch (error) {
      throw invalid(
        `invalid argument ${JSON.stringify(value)} for "${spelled}" flag: ${messageOf(error)}`,
        error,
      );
    }
  }
  return given;
}

const FLAGS = ALL_OPTIONS.map(({ name }) => name);

interface Found {
  readonly option: AnyOption;
  readonly spelled: string;
  readonly attached: string | undefined;
}

function findOption(argument: string): Found {
  const [, long, attached] = /^--([\w-]+)(?:=(.*))?$/s.exec(argument) ?? [];
  if (long !== undefined) {
    const option = ALL_OPTIONS.find(({ name }) => name === long);
    if (!option) throw invalid(`unknown flag: --${long}${suggestion(long, FLAGS, (name) => `--${name}`)}`);
    return { option, spelled: `--${long}`, attached };
  }
  const [, letter, value] = /^-(\w)=?(.*)$/s.exec(argument) ?? [];
  if (letter === undefined)
    throw invalid(`"berthd" accepts no arguments, and got ${JSON.stringify(argument)}`);
  const option = ALL_OPTIONS.find(({ short }) => short === letter);
  if (!option) throw invalid(`unknown shorthand flag: '${letter}' in ${argument}`);
  return { option, spelled: `-${letter}`, attached: value === '' ? undefined : value };
}

/** The text of `--help`. */
export function usage(): string {
  const rows = ALL_OPTIONS.map(({ name, short, argument = '', help }): [string, string] => [
    `  ${short ? `-${short},` : '   '} --${name} ${argument}`.trimEnd(),
    help,
  ]);
  const width = Math.max(...rows.map(([left]) => left.length)) + 3;
  const lines = rows.map(([left, help]) => `${left.padEnd(width)}${help}`);
  return `Usage:  berthd [OPTIONS]\n\nA container engine that speaks the Docker Engine API\n\nOptions:\n${lines.join('\n')}\n`;
}
