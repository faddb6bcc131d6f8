import { MAX_API_VERSION, type SystemVersion } from '#protocol';
import { defineCommand, noArguments } from '../command.ts';
import { describe } from '../errors.ts';
import { objectFormat } from '../output/format-flag.ts';
import { printObject } from '../output/object.ts';
import { COMMIT, VERSION } from '../version.ts';

export const command = defineCommand({
  usage: '[OPTIONS]',
  args: noArguments,
  flags: { format: objectFormat },
  async run({ client, out, err }, { flags }) {
    let server: SystemVersion | undefined;
    let failure: unknown;
    try {
      server = await client.system.version();
    } catch (error) {
      failure = error;
    }
    const own = clientVersion(client.apiVersion);
    if (flags.format)
      await printObject(out, { Client: own, Server: server ? withApiVersion(server) : null }, flags.format);
    else out.write(clientText(own) + (server ? `\n${serverText(server)}` : ''));
    if (failure === undefined) return 0;
    err.line(describe(failure));
    return 1;
  },
});

interface ClientVersion {
  readonly Version: string;
  readonly ApiVersion: string;
  readonly DefaultAPIVersion: string;
  readonly GitCommit: string;
  readonly Runtime: string;
  readonly Os: string;
  readonly Arch: string;
  readonly Context: string;
}

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386' };

/** Bun tells the version of Node that it is compatible with too. */
const RUNTIME = process.versions['bun'] ? `bun v${process.versions['bun']}` : `node ${process.version}`;

const clientVersion = (apiVersion: string): ClientVersion =>
  withApiVersion({
    Version: VERSION,
    ApiVersion: apiVersion,
    DefaultAPIVersion: MAX_API_VERSION,
    GitCommit: COMMIT,
    Runtime: RUNTIME,
    Os: process.platform,
    Arch: ARCHITECTURES[process.arch] ?? process.arch,
    Context: 'default',
  });

/** JSON says ApiVersion where Docker's templates say APIVersion: templates find both, JSON shows one. */
function withApiVersion<T extends { readonly ApiVersion: string }>(version: T): T {
  return Object.defineProperty({ ...version }, 'APIVersion', {
    value: version.ApiVersion,
    enumerable: false,
  });
}

function clientText(version: ClientVersion): string {
  const downgraded =
    version.ApiVersion === version.DefaultAPIVersion ? '' : ` (downgraded from ${version.DefaultAPIVersion})`;
  return fields('Client:', ' ', [
    ['Version', version.Version],
    ['API version', version.ApiVersion + downgraded],
    ['Runtime', version.Runtime],
    ['Git commit', version.GitCommit],
    ['OS/Arch', `${version.Os}/${version.Arch}`],
    ['Context', version.Context],
  ]);
}

function serverText(version: SystemVersion): string {
  const engine: Fields = [
    ['Version', version.Version],
    ['API version', `${version.ApiVersion} (minimum version ${version.MinAPIVersion})`],
    ['Go version', version.GoVersion],
    ['Git commit', version.GitCommit],
    ['Built', version.BuildTime],
    ['OS/Arch', `${version.Os}/${version.Arch}`],
  ];
  const title = version.Platform?.Name ? `Server: ${version.Platform.Name}` : 'Server:';
  const parts = (version.Components ?? []).filter(({ Name }) => Name !== 'Engine');
  const components = parts.map(({ Name, Version, Details }) =>
    fields(` ${Name}:`, '  ', [
      ['Version', Version],
      ['GitCommit', Details?.['GitCommit'] ?? ''],
    ]),
  );
  return `${title}\n${fields(' Engine:', '  ', engine)}${components.join('')}`;
}

type Fields = readonly (readonly [name: string, value: string])[];

const WIDTH = 18;

const fields = (title: string, indent: string, rows: Fields): string =>
  `${title}\n${rows
    .filter(([, value]) => value)
    .map(([name, value]) => `${indent}${`${name}:`.padEnd(WIDTH)} ${value}\n`)
    .join('')}`;
