import type { Arg } from '#dockerfile';
import type { Planner } from './plan.ts';
import type { StageState } from './stage.ts';

/** `ARG name[=default]`: what the user gave, else what was set before the first FROM, else the default. */
export function planArg(planner: Planner, state: StageState, arg: Arg): void {
  const { args, lines } = arg;
  for (const { name, value } of args) {
    const given =
      planner.options.buildArgs.get(name) ?? (value === undefined ? planner.globalArgument(name) : value);
    if (given !== undefined || !state.args.has(name)) state.args.set(name, given);
    state.declared.push({ name, value: state.args.get(name), description: descriptionOf(name, arg), lines });
  }
  const shown = args.map(({ name }) => {
    const value = state.args.get(name);
    return value === undefined ? name : `${name}=${value}`;
  });
  state.note(`ARG ${shown.join(' ')}`);
}

/** `# name what it is for`, right above. */
export function descriptionOf(name: string, { comment }: { readonly comment: readonly string[] }): string {
  const line = comment.at(-1) ?? '';
  return line.startsWith(`${name} `) ? line.slice(name.length + 1).trim() : '';
}
