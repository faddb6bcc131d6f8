import { isCrun } from './binary.ts';
import { runVerb } from './command.ts';
import type { Container } from './container.ts';
import type { RuntimeContext } from './context.ts';

/** Stops all processes of the container: the cgroup's freezer, which is also all that crun does. */
export async function pauseContainer(context: RuntimeContext, container: Container): Promise<void> {
  const { runtime } = container.settings;
  if (isCrun(runtime)) await container.cgroup.freeze();
  else await runVerb(context, runtime, ['pause', container.id]);
}

export async function resumeContainer(context: RuntimeContext, container: Container): Promise<void> {
  const { runtime } = container.settings;
  if (isCrun(runtime)) await container.cgroup.thaw();
  else await runVerb(context, runtime, ['resume', container.id]);
}
