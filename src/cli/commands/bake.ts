import { writeFile } from 'node:fs/promises';
import { anyArguments, defineCommand } from '../command.ts';
import { Exit } from '../errors.ts';
import { bool, type FlagValues, list, string } from '../flags/flag.ts';
import { bake } from './bake/bake.ts';
import { parseOverride } from './bake/overrides.ts';
import { type BakeFiles, readBakeFiles } from './bake/read.ts';
import { type Selection, selectTargets } from './bake/select.ts';

const flags = {
  allow: list('Let steps do more: security.insecure, network.host'),
  call: string('Ask about the Dockerfiles instead of building them: check, outline or targets'),
  check: bool('The same as --call=check'),
  file: list('Bake file: JSON, or a compose file (default: those that are here)', { short: 'f' }),
  list: string('List "targets" or "variables" instead of building', { choices: ['targets', 'variables'] }),
  load: bool('The same as --set=*.output=type=docker: images of the daemon'),
  'metadata-file': string('Write what was made of each target to a file, as JSON'),
  'no-cache': bool('Do not use the cache'),
  print: bool('Print what would be built, as JSON'),
  provenance: string('The same as --set=*.attest=type=provenance'),
  pull: bool('Always ask for newer base images'),
  push: bool('The same as --set=*.output=type=registry'),
  quiet: bool("Print nothing but the images' IDs", { short: 'q' }),
  sbom: string('The same as --set=*.attest=type=sbom'),
  set: list('Override an attribute: "target.attribute=value", "*.args.NAME=value"'),
  var: list('Give a variable of the file a value: "NAME=value"'),
} as const;

export const command = defineCommand({
  usage: '[OPTIONS] [TARGET...]',
  details:
    'Builds the targets of docker-bake.json, or the services of a compose file, all at once. Without names: the group ' +
    'or target "default".',
  args: anyArguments,
  flags,
  async run(context, { flags: said, args }) {
    const files = await readBakeFiles(said.file, said.var, context.env);
    if (said.list !== '') {
      for (const line of listed(files, said.list)) context.out.line(line);
      return 0;
    }
    const names = args.length > 0 ? args : ['default'];
    const overrides = [...shortForms(said), ...said.set].map(parseOverride);
    const selection = selectTargets(files, names, overrides);
    if (said.print) {
      context.out.line(JSON.stringify(printed(selection), undefined, 2));
      return 0;
    }
    const built = await bake(context, selection, { quiet: said.quiet });
    if (said['metadata-file'] !== '') {
      const metadata = Object.fromEntries([...built].map(([name, own]) => [name, own.metadata]));
      await writeFile(said['metadata-file'], `${JSON.stringify(metadata, undefined, 2)}\n`);
    }
    return Math.max(0, ...[...built.values()].map(({ status }) => status));
  },
});

/** Flags for all targets. They come first, so that `--set` wins. */
function shortForms(said: FlagValues<typeof flags>): string[] {
  const call = said.check ? said.call || 'check' : said.call;
  return [
    ...(said.load ? ['*.output+=type=docker'] : []),
    ...(said.push ? ['*.output+=type=registry'] : []),
    ...(said['no-cache'] ? ['*.no-cache=true'] : []),
    ...(said.pull ? ['*.pull=true'] : []),
    ...said.allow.map((name) => `*.entitlements+=${name}`),
    ...(call === '' ? [] : [`*.call=${call}`]),
    ...(['provenance', 'sbom'] as const).flatMap((type) =>
      said[type] === '' ? [] : [`*.attest+=${attestation(type, said[type])}`],
    ),
  ];
}

function attestation(type: string, value: string): string {
  if (value === 'true' || value === '1') return `type=${type}`;
  return value === 'false' || value === '0' ? `type=${type},disabled=true` : `type=${type},${value}`;
}

function listed({ targets, groups, variables }: BakeFiles, what: string): string[] {
  const line = (name: string, value: string, description = ''): string =>
    `${name}\t${value}\t${description}`.trimEnd();
  if (what === 'variables')
    return variables.map(({ name, value, description }) => line(name, JSON.stringify(value), description));
  if (what !== 'targets') throw new Exit(1, `invalid list "${what}": there is targets and variables`);
  return [
    ...[...targets].map(([name, { description }]) => line(name, '', description)),
    ...[...groups].map(([name, members]) => line(name, members.join(', '))),
  ];
}

const printed = ({ targets, linked }: Selection): object => ({
  group: { default: { targets: [...targets.keys()] } },
  target: Object.fromEntries([...linked, ...targets]),
});
