import type { Stage } from '#dockerfile';
import type { StageState } from './stage.ts';

/** `[build 2/5] RUN make`: counted over what makes files. */
export function titleOf(stage: Stage, state: StageState, text: string): string {
  const makes = ['RUN', 'COPY', 'ADD', 'WORKDIR'];
  const total = stage.instructions.filter(({ kind }) => makes.includes(kind)).length + 1;
  const done = state.history.filter(({ step }) => step !== undefined).length + 2;
  const name = stage.from.name ?? (stage.index === 0 ? '' : `stage-${stage.index}`);
  return `[${name}${name && ' '}${Math.min(done, total)}/${total}] ${text}`;
}
