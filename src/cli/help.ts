import type { Command } from './command.ts';
import { COMMON, type Group, groupsIn, namesOf, topVerbs, type Verb } from './commands/tree.ts';
import type { FlagSet } from './flags/flag.ts';
import { globalFlags } from './global-flags.ts';

/** Narrower terminals than this are not worth wrapping for. */
const MIN_WIDTH = 60;

/** `Usage:  berth run [OPTIONS] IMAGE ...` */
export const usageLine = (path: readonly string[], command: Command): string =>
  `Usage:  berth ${path.join(' ')} ${command.usage}`.trimEnd();

export const seeHelp = (path: readonly string[]): string => `See 'berth ${[...path, '--help'].join(' ')}'.`;

export function commandHelp(path: readonly string[], verb: Verb, command: Command, width: number): string {
  const names = namesOf(verb);
  const aliases =
    names.length > 1 ? `\n\nAliases:\n  ${names.map((name) => `berth ${name}`).join(', ')}` : '';
  const details = command.details ? `\n\n${command.details}` : '';
  const options = optionLines(command.flags, width);
  return `${usageLine(path, command)}\n\n${verb.summary}${details}${aliases}${options ? `\n\nOptions:\n${options}` : ''}\n`;
}

export function groupHelp(path: readonly string[], group: Group): string {
  const name = path.join(' ');
  const inner = groupsIn(path).map(([inside, { summary }]) => [inside, summary]);
  const nouns = inner.length > 0 ? `\n\nManagement Commands:\n${columns(inner)}` : '';
  return `Usage:  berth ${name} COMMAND\n\n${group.summary}${nouns}\n\nCommands:\n${verbLines(group.verbs)}\n\nRun 'berth ${name} COMMAND --help' for more about a command.\n`;
}

export function rootHelp(width: number): string {
  const common = Object.fromEntries(
    COMMON.flatMap((name) => (topVerbs[name] ? [[name, topVerbs[name]]] : [])),
  );
  const others = Object.fromEntries(
    Object.entries(topVerbs).filter(([name]) => !Object.hasOwn(common, name)),
  );
  const nouns = columns(groupsIn([]).map(([name, { summary }]) => [name, summary]));
  return `Usage:  berth [OPTIONS] COMMAND

A container engine

Common Commands:
${verbLines(common)}

Management Commands:
${nouns}

Commands:
${verbLines(others)}

Global Options:
${optionLines(globalFlags, width)}

Run 'berth COMMAND --help' for more about a command.
`;
}

const verbLines = (verbs: Readonly<Record<string, Verb>>): string =>
  columns(Object.entries(verbs).flatMap(([name, { summary, hidden }]) => (hidden ? [] : [[name, summary]])));

function columns(rows: readonly (readonly string[])[]): string {
  const width = Math.max(11, ...rows.map(([name = '']) => name.length)) + 1;
  return rows.map(([name = '', summary]) => `  ${name.padEnd(width)}${summary}`).join('\n');
}

/** Options by name, `  -m, --memory bytes   Memory limit`, wrapped to the width. */
function optionLines(flags: FlagSet, width: number): string {
  const rows = Object.entries(flags)
    .filter(([, { hidden }]) => !hidden)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, definition]) => {
      const short = definition.short ? `-${definition.short}, ` : '    ';
      const value = definition.value ? ` ${definition.value}` : '';
      const shown = definition.shownDefault ? ` (default ${definition.shownDefault})` : '';
      return { left: `  ${short}--${name}${value}`, right: definition.summary + shown };
    });
  const indent = Math.max(0, ...rows.map(({ left }) => left.length)) + 3;
  const room = Math.max(MIN_WIDTH, width) - indent;
  return rows
    .map(({ left, right }) => left.padEnd(indent) + wrap(right, room).join(`\n${' '.repeat(indent)}`))
    .join('\n');
}

function wrap(text: string, room: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > room) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
