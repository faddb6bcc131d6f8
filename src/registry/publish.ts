import { messageOf } from '#lib/errors';
import type { Core } from './content/core.ts';

/** The index is written no oftener than this, and not more than a twentieth of the time. */
const LEAST_PAUSE_MS = 1000;
const PAUSE_FACTOR = 20;
const REF_NAME = 'org.opencontainers.image.ref.name';

/** Keeps the layout's index.json, by which other OCI tools read the storage, up to date behind what happens. */
export function publishIndex({ catalogue, storage, log }: Omit<Core, 'changed'>) {
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> = Promise.resolve();
  let pause = LEAST_PAUSE_MS;
  const write = async () => {
    timer = undefined;
    const began = performance.now();
    const manifests: object[] = [];
    for (const repository of await catalogue.repositories.list([])) {
      for (const tag of await catalogue.tags.list([repository])) {
        const record = await catalogue.tags.get(repository, tag);
        if (!record) continue;
        const { mediaType, digest, size } = record;
        manifests.push({ mediaType, digest, size, annotations: { [REF_NAME]: `${repository}:${tag}` } });
      }
    }
    await storage.publish?.(manifests);
    pause = Math.max(LEAST_PAUSE_MS, (performance.now() - began) * PAUSE_FACTOR);
  };
  const run = () => {
    running = running
      .then(write)
      .catch((error: unknown) => log.error('cannot write index.json', { error: messageOf(error) }));
  };
  return {
    soon() {
      timer ??= setTimeout(run, pause).unref();
    },
    async finish() {
      if (timer) {
        clearTimeout(timer);
        run();
      }
      await running;
    },
  };
}
