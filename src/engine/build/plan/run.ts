import { DockerfileError, isScript, located, parseMount, type Run, type Stage } from '#dockerfile';
import { commandLine } from '#engine/images';
import type { Entitlement } from '../session.ts';
import type { InlineFile, RunStep, StepMount } from '../step.ts';
import { PROXY_ARGUMENTS } from './arguments.ts';
import type { Planner } from './plan.ts';
import type { StageState } from './stage.ts';
import { titleOf } from './title.ts';

/** RUN: a container on what the stage has so far. */
export async function planRun(planner: Planner, stage: Stage, state: StageState, run: Run): Promise<void> {
  const { options } = planner;
  checkAllowed(options, run);
  planner.checkRunnable(state.platform, run.lines);
  const mounts = await planMounts(planner, stage, state, run);
  const { command, script } = commandOf(state, run);
  const proxies = [...options.buildArgs].filter(([name]) => PROXY_ARGUMENTS.has(name));
  const declared = [...state.args].flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  );
  const variables = new Map([...proxies, ...declared, ...state.variables()]);
  const undeclared = proxies.map(([name]) => name).filter((name) => !state.args.has(name));
  const step: RunStep = {
    kind: 'run',
    title: titleOf(planner, stage, state, run.text),
    lines: run.lines,
    platform: state.platform,
    base: state.step,
    command,
    script,
    env: [...variables].map(([name, value]) => `${name}=${value}`),
    volatileEnv: new Set(undeclared),
    user: state.config.user,
    workingDir: state.config.workingDir || '/',
    network: run.network === 'default' ? options.network : run.network,
    privileged: run.security === 'insecure',
    mounts,
    noCache: planner.noCache(stage),
  };
  state.add(step, historyLine(declared, command));
}

/** What reaches beyond the sandbox is for the user to allow, not for the Dockerfile. @throws DockerfileError */
function checkAllowed({ allow, network }: Planner['options'], run: Run): void {
  const needed: Entitlement[] = [];
  if (run.security === 'insecure') needed.push('security.insecure');
  if (run.network === 'host' && network !== 'host') needed.push('network.host');
  const missing = needed.find((each) => allow?.has(each) === false);
  if (missing)
    throw new DockerfileError(`${missing} is not allowed: build with --allow ${missing}`, run.lines);
}

/** Values of ARG are part of the line, as they were of the command. */
function historyLine(declared: readonly (readonly [string, string])[], command: readonly string[]): string {
  const args = declared.map(([name, value]) => `${name}=${value}`);
  const prefix = args.length > 0 ? `|${args.length} ${args.join(' ')} ` : '';
  return `RUN ${prefix}${command.join(' ')} # buildkit`;
}

const SHEBANG = /^#!/;

function commandOf(
  { config }: StageState,
  run: Run,
): { command: readonly string[]; script: InlineFile | undefined } {
  const { command, heredocs } = run;
  const [only] = heredocs;
  if (only && isScript(run)) {
    if (SHEBANG.test(only.content)) {
      const script = { name: only.name, content: only.content };
      return { command: [`${SCRIPT_DIRECTORY}/${only.name}`], script };
    }
    return { command: commandLine(config, { form: 'shell', script: only.content }), script: undefined };
  }
  if (heredocs.length === 0 || command.form === 'exec')
    return { command: commandLine(config, command), script: undefined };
  // The shell reads them itself.
  const documents = heredocs.map(({ name, content }) => `${content}${name}\n`).join('');
  const script = `${command.script}\n${documents}`;
  return { command: commandLine(config, { form: 'shell', script }), script: undefined };
}

/** Where a script with an interpreter of its own lies while it runs. */
export const SCRIPT_DIRECTORY = '/dev/pipes';

async function planMounts(planner: Planner, stage: Stage, state: StageState, run: Run): Promise<StepMount[]> {
  const mounts = located(run.lines, () => run.mounts.map(parseMount));
  return await Promise.all(
    mounts.map(async (mount): Promise<StepMount> => {
      if (mount.type !== 'bind' && mount.type !== 'cache') return mount;
      if (mount.from !== undefined) {
        return { ...mount, content: await planner.source(mount.from, stage, state.platform) };
      }
      // A cache begins empty; a bind without a source is of the context.
      if (mount.type === 'cache') return mount;
      return { ...mount, content: { kind: 'context', name: '', tree: planner.options.context } };
    }),
  );
}
