import { formatPlatform } from '#oci/image';
import type { BuildOptions } from '../builder.ts';
import { platformsOf } from '../platforms.ts';
import type { BuildDescription } from './history.ts';
import { withoutCredentials } from './noted-build.ts';

/** What is kept of a request: nothing that may be a secret. */
export function describeBuild(options: BuildOptions): BuildDescription {
  const { context, dockerfile, target, buildArgs, outputs } = options;
  const tags = [...new Set(outputs.flatMap((output) => (output.kind === 'tree' ? [] : output.names)))];
  const remote = context.kind === 'remote' ? withoutCredentials(context.url) : undefined;
  return {
    name: buildArgs.get('BUILDKIT_BUILD_NAME') ?? tags[0] ?? remote ?? dockerfile,
    dockerfile,
    platforms: platformsOf(options).map(formatPlatform),
    buildArgs: [...buildArgs.keys()].sort(),
    tags,
    ...(target !== undefined && { target }),
    ...(remote !== undefined && { remote }),
  };
}
