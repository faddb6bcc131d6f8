import type { Stage } from '#dockerfile';
import { formatPlatform } from '#oci/image';
import type { PlanOptions } from './options.ts';
import type { StageState } from './stage.ts';

/** `[build 2/5] RUN make`, of several platforms `[linux/arm64 build 2/5]`: counted over what makes files. */
export function titleOf(
  { options: { severalPlatforms } }: { readonly options: Pick<PlanOptions, 'severalPlatforms'> },
  stage: Stage,
  state: StageState,
  text: string,
): string {
  const makes = ['RUN', 'COPY', 'ADD', 'WORKDIR'];
  const total = stage.instructions.filter(({ kind }) => makes.includes(kind)).length + 1;
  const done = state.history.filter(({ step }) => step !== undefined).length + 2;
  const name = stage.from.name ?? (stage.index === 0 ? '' : `stage-${stage.index}`);
  const platform = severalPlatforms ? formatPlatform(state.platform) : '';
  return `[${[platform, name, `${Math.min(done, total)}/${total}`].filter(Boolean).join(' ')}] ${text}`;
}
