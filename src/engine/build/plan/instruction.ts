import { posix } from 'node:path';
import { expandInstruction, type Instruction, Lookups, located, type Stage, suggest } from '#dockerfile';
import { applyInstruction, changesConfig } from '#engine/images';
import type { Step } from '../step.ts';
import { planArg } from './arg.ts';
import { planFiles } from './files.ts';
import type { Planner } from './plan.ts';
import { planRun } from './run.ts';
import type { StageState } from './stage.ts';
import { titleOf } from './title.ts';

/** Adds one instruction to a stage. @throws DockerfileError */
export async function planInstruction(
  planner: Planner,
  stage: Stage,
  state: StageState,
  written: Instruction,
): Promise<void> {
  const { options } = planner;
  const lookups = new Lookups(state);
  const instruction = expandInstruction(written, lookups, options.dockerfile.directives.escape);
  warnUndefined(planner, state, lookups.missing, written);
  options.warn(...state.lint.next(instruction));
  const before = state.step;
  await plan(planner, stage, state, instruction);
  state.lines.push({ text: written.text, step: state.step === before ? undefined : state.step });
}

/** A name that is declared without a value is not unknown; of an unknown base nobody knows what it sets. */
function warnUndefined(
  { options, globalNames }: Planner,
  state: StageState,
  missing: ReadonlySet<string>,
  { lines }: Instruction,
): void {
  if (state.unknownBase) return;
  for (const name of missing) {
    if (state.args.has(name)) continue;
    const near = suggest(name, [...state.args.keys(), ...state.variables().keys(), ...globalNames]);
    const hint = near === undefined ? '' : ` (did you mean $${near}?)`;
    options.warn({ rule: 'UndefinedVar', message: `Usage of undefined variable '$${name}'${hint}`, lines });
  }
}

async function plan(
  planner: Planner,
  stage: Stage,
  state: StageState,
  instruction: Instruction,
): Promise<void> {
  switch (instruction.kind) {
    case 'RUN':
      return await planRun(planner, stage, state, instruction);
    case 'COPY':
    case 'ADD':
      return await planFiles(planner, stage, state, instruction);
    case 'ARG':
      return planArg(planner, state, instruction);
    case 'MAINTAINER':
      state.author = instruction.value;
      return state.note(`MAINTAINER ${instruction.value}`);
    default:
      return located(instruction.lines, () => planConfig(planner, stage, state, instruction));
  }
}

function planConfig(planner: Planner, stage: Stage, state: StageState, instruction: Instruction): void {
  if (!changesConfig(instruction)) return;
  state.config = applyInstruction(state.config, instruction);
  switch (instruction.kind) {
    case 'CMD':
      state.commandSet = true;
      break;
    case 'ENTRYPOINT':
      // The old command was written as arguments for the old entry point.
      if (!state.commandSet) state.config = { ...state.config, cmd: undefined };
      break;
    case 'WORKDIR':
      return planWorkingDirectory(planner, stage, state, instruction.value);
    default:
  }
  state.note(historyLine(state, instruction));
}

/** How it is written in the image's history: what is stored, not what was typed. */
function historyLine({ config }: StageState, instruction: Instruction): string {
  switch (instruction.kind) {
    case 'CMD':
      return `CMD ${JSON.stringify(config.cmd ?? [])}`;
    case 'ENTRYPOINT':
      return `ENTRYPOINT ${JSON.stringify(config.entrypoint ?? [])}`;
    case 'ENV':
    case 'LABEL':
      return `${instruction.kind} ${instruction.pairs.map(([name, value]) => `${name}=${value}`).join(' ')}`;
    case 'EXPOSE':
      return `EXPOSE map[${config.exposedPorts.map((port) => `${port}:{}`).join(' ')}]`;
    case 'VOLUME':
      return `VOLUME [${instruction.words.join(' ')}]`;
    case 'SHELL':
      return `SHELL [${instruction.words.join(' ')}]`;
    case 'USER':
    case 'STOPSIGNAL':
      return `${instruction.kind} ${instruction.value}`;
    default:
      return instruction.text;
  }
}

function planWorkingDirectory(planner: Planner, stage: Stage, state: StageState, written: string): void {
  const path = posix.normalize(state.config.workingDir);
  const step: Step = {
    kind: 'directory',
    title: titleOf(planner, stage, state, `WORKDIR ${written}`),
    lines: undefined,
    platform: state.platform,
    base: state.step,
    path,
  };
  if (path === '/') state.note(`WORKDIR ${path}`);
  else state.add(step, `WORKDIR ${path}`);
}
