import type { Arg } from '#dockerfile';
import type { Planner } from './plan.ts';
import type { StageState } from './stage.ts';

/** `ARG name[=default]`: what the user gave, else what was set before the first FROM, else the default. */
export function planArg(planner: Planner, state: StageState, { args }: Arg): void {
  for (const { name, value } of args) {
    const given =
      planner.options.buildArgs.get(name) ?? (value === undefined ? planner.globalArgument(name) : value);
    if (given !== undefined || !state.args.has(name)) state.args.set(name, given);
  }
  const shown = args.map(({ name }) => {
    const value = state.args.get(name);
    return value === undefined ? name : `${name}=${value}`;
  });
  state.note(`ARG ${shown.join(' ')}`);
}
