import { run } from '../command.ts';
import type { Contender, EngineContender } from '../contender.ts';
import { type BerthDaemon, startBerth, startBerthd, startDockerCli } from './berth.ts';
import { startDocker } from './docker.ts';
import { prepareFloor } from './floor.ts';
import { startPodman } from './podman.ts';

/** Columns of the table, in order, by the names that `--peers` takes. */
export const PEERS = ['berth', 'docker-cli', 'docker', 'podman', 'floor'];

const IMAGE = 'busybox:latest';

export interface Contenders extends AsyncDisposable {
  readonly list: readonly Contender[];
}

/** Starts those that are wanted, each with the image `busybox`. One that does not start is named and left out. */
export async function openContenders(
  peers: readonly string[],
  rootfs: Buffer,
  say: (text: string) => void,
): Promise<Contenders> {
  await using stack = new AsyncDisposableStack();
  const list: Contender[] = [];
  let berthd: BerthDaemon | undefined;
  const ourDaemon = async () => (berthd ??= stack.use(await startBerthd()));
  const starts: Record<string, () => Promise<Contender>> = {
    berth: async () => startBerth(await ourDaemon()),
    'docker-cli': async () => startDockerCli(await ourDaemon()),
    docker: startDocker,
    podman: startPodman,
    floor: () => prepareFloor(rootfs),
  };
  for (const peer of peers) {
    try {
      const start = starts[peer];
      if (!start) continue;
      const contender = stack.use(await start());
      say(`== ${contender.name} is ready`);
      if (contender.kind === 'engine') await importBusybox(contender, rootfs);
      list.push(contender);
    } catch (error) {
      if (peer === 'berth') throw error;
      say(`== ${peer} is left out: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  const kept = stack.move();
  return { list, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/** Unless another command line to the same engine did. */
async function importBusybox({ command }: EngineContender, rootfs: Buffer): Promise<void> {
  if ((await run([...command, 'images', '-q', IMAGE])).trim() !== '') return;
  await run([...command, 'import', '-', IMAGE], { input: rootfs });
}
