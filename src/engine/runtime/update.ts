import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Resources } from '#oci/runtime-spec';
import { runVerb } from './command.ts';
import type { Container } from './container.ts';
import type { RuntimeContext } from './context.ts';

/** Changes the limits of a live container: only those that are named. @throws RuntimeError */
export async function updateContainer(
  context: RuntimeContext,
  container: Container,
  resources: Resources,
): Promise<void> {
  const file = join(container.bundle.path, 'resources.json');
  writeFileSync(file, JSON.stringify(resources), { mode: 0o600 });
  try {
    await runVerb(context, container.settings.runtime, ['update', '-r', file, container.id]);
  } finally {
    rmSync(file, { force: true });
  }
}
