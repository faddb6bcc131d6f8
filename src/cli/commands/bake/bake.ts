import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Context } from '../../context.ts';
import { describe, Exit } from '../../errors.ts';
import { parseFlags } from '../../flags/parse.ts';
import { PrefixedOutput } from '../../output/prefixed.ts';
import { goesToStdout } from '../image/build/outputs.ts';
import { type Built, build, flags as buildFlags } from '../image/build.ts';
import { argumentsOf } from './arguments.ts';
import type { Selection } from './select.ts';
import type { Target } from './target.ts';

/**
 * Builds all targets at once; what others use as a context before, into a directory of its own. @returns what came of
 * each, by name
 * @throws Exit, once all have ended, with the status of the first that failed
 */
export async function bake(
  context: Context,
  { targets, linked }: Selection,
  { quiet }: { readonly quiet: boolean },
): Promise<Map<string, Built>> {
  const piped = [...targets].filter(([, { output = [] }]) => output.some(goesToStdout));
  if (piped.length > 1)
    throw new Exit(1, `only one output can go to STDOUT: ${piped.map(([name]) => name).join(', ')}`);
  const directory = await mkdtemp(join(tmpdir(), 'berth-bake-'));
  try {
    const layouts = new Map<string, string>();
    const one = async (name: string, target: Target, words: readonly string[] = []): Promise<Built> => {
      const inline = target['dockerfile-inline'];
      const dockerfile = inline === undefined ? undefined : join(directory, `${name}.Dockerfile`);
      if (dockerfile !== undefined) await writeFile(dockerfile, inline ?? '');
      const argv = [...words, ...(quiet ? ['--quiet'] : []), ...argumentsOf(target, { dockerfile, layouts })];
      const { flags, args } = parseFlags(buildFlags, argv, { interspersed: true });
      const prefix = targets.size + linked.size > 1 ? `[${name}] ` : '';
      return await within(context, prefix, (own) => build(own, flags, args[0] ?? '.'));
    };
    // One after the other: each stands behind what it uses itself.
    for (const [name, target] of linked) {
      const layout = join(directory, name);
      const { tags: _, output: __, 'cache-to': ___, call: ____, ...own } = target;
      await one(name, own, [`--output=type=oci,tar=false,dest=${layout}`]);
      layouts.set(name, layout);
    }
    return await allOf([...targets], one);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Targets that nobody has to wait for go on when another fails. */
async function allOf(
  targets: readonly (readonly [string, Target])[],
  one: (name: string, target: Target) => Promise<Built>,
): Promise<Map<string, Built>> {
  const results = await Promise.allSettled(targets.map(([name, target]) => one(name, target)));
  const built = new Map<string, Built>();
  const failures: { name: string; error: unknown }[] = [];
  for (const [at, result] of results.entries()) {
    const name = targets[at]?.[0] ?? '';
    if (result.status === 'fulfilled') built.set(name, result.value);
    else failures.push({ name, error: result.reason });
  }
  const [first] = failures;
  if (first) {
    const status = first.error instanceof Exit ? first.error.status : 1;
    throw new Exit(
      status,
      failures.map(({ name, error }) => `target ${name}: ${describe(error)}`).join('\n'),
    );
  }
  return built;
}

/** Runs with output that says whose it is. */
async function within<T>(
  { client, out, err, env, config }: Context,
  prefix: string,
  run: (context: Parameters<typeof build>[0]) => Promise<T>,
): Promise<T> {
  if (prefix === '') return await run({ client, out, err, env, config });
  const own = { out: new PrefixedOutput(out, prefix), err: new PrefixedOutput(err, prefix) };
  try {
    return await run({ client, ...own, stdout: out, env, config });
  } finally {
    own.out.end();
    own.err.end();
  }
}
