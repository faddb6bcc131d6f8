import type { Client } from '#client';
import { anyArguments, type Completes, defineCommand } from '../command.ts';
import { candidates } from '../completion/candidates.ts';

/** A daemon that does not answer at once has nothing to offer to somebody who is typing. */
const TIMEOUT_MS = 2000;

/** `berth __complete -- WORD...`: a candidate a line, its summary behind a tab. */
export const command = defineCommand({
  usage: '-- [WORD...]',
  args: anyArguments,
  optionsFirst: true,
  flags: {},
  async run({ client, out }, { args }) {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const found = await candidates(args.length > 0 ? args : [''], (kind) =>
      namesOf(client, kind, signal).catch(() => []),
    );
    out.write(found.map(({ word, summary }) => `${word}${summary ? `\t${summary}` : ''}\n`).join(''));
  },
});

async function namesOf(client: Client, kind: Completes, signal: AbortSignal): Promise<readonly string[]> {
  switch (kind) {
    case 'container':
      return containers(client, new Map(), signal);
    case 'running':
      return containers(client, new Map([['status', ['running', 'paused']]]), signal);
    case 'stopped':
      return containers(client, new Map([['status', ['created', 'exited']]]), signal);
    case 'image':
      return (await client.images.list({}, signal))
        .flatMap(({ RepoTags }) => RepoTags ?? [])
        .flatMap(imageNames);
    case 'volume':
      return ((await client.volumes.list(undefined, signal)).Volumes ?? []).map(({ Name }) => Name);
    case 'network':
      return (await client.networks.list(undefined, signal)).map(({ Name }) => Name);
    case 'build':
      return (await client.buildHistory.list(signal)).map(({ ID }) => ID);
    case 'any':
      return (
        await Promise.all(
          (['container', 'image', 'network', 'volume'] as const).map((each) => namesOf(client, each, signal)),
        )
      ).flat();
    case 'file':
      return [];
  }
}

async function containers(
  client: Client,
  filters: Map<string, string[]>,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const found = await client.containers.list({ all: true, filters }, signal);
  return found.flatMap(({ Names }) =>
    Names.map((name) => name.replace(/^\//, '')).filter((name) => !name.includes('/')),
  );
}

/** `app:latest` is usually typed as `app`. */
function imageNames(tag: string): string[] {
  if (tag.startsWith('<none>')) return [];
  return tag.endsWith(':latest') ? [tag.slice(0, -':latest'.length), tag] : [tag];
}
