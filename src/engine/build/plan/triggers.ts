import { parseTrigger, type Stage } from '#dockerfile';
import { planInstruction } from './instruction.ts';
import type { Planner } from './plan.ts';
import type { StageState } from './stage.ts';

/** What the base image left to be done by those who build on it (ONBUILD). It is done once, and not passed on. */
export async function planTriggers(planner: Planner, stage: Stage, state: StageState): Promise<void> {
  const triggers = state.config.onBuild ?? [];
  state.config = { ...state.config, onBuild: undefined };
  for (const trigger of triggers) {
    const instruction = { ...parseTrigger(trigger), lines: stage.from.lines };
    await planInstruction(planner, stage, state, instruction);
  }
}
