import { expandInstruction, parseTrigger } from '#dockerfile';
import { invalid } from '#lib/errors';
import { applyInstruction, changesConfig } from './apply-instruction.ts';
import type { ImageConfig } from './image.ts';

/** Applies Dockerfile-style changes (`CMD ["x"]`, `ENV a=b`) to a config: commit and import use it. @throws invalid */
export function applyChanges(config: ImageConfig, changes: readonly string[]): ImageConfig {
  let result = config;
  let commandSet = false;
  for (const change of changes.flatMap((text) => text.split('\n'))) {
    if (change.trim() === '') continue;
    // No trigger either, so the parser would refuse it in its own words.
    if (/^\s*from\s/i.test(change)) throw invalid('FROM is not a valid change command');
    const written = parseTrigger(change);
    if (!changesConfig(written)) throw invalid(`${written.keyword} is not a valid change command`);
    const instruction = expandInstruction(written, variablesOf(result), '\\');
    result = applyInstruction(result, instruction);
    if (instruction.kind === 'CMD') commandSet = true;
    // The old command was written as arguments for the old entry point.
    if (instruction.kind === 'ENTRYPOINT' && !commandSet) result = { ...result, cmd: undefined };
  }
  return result;
}

/** `["A=1"]` by name. */
export const variablesOf = ({ env }: Pick<ImageConfig, 'env'>): Map<string, string> =>
  new Map(env.map((entry) => [entry.split('=', 1)[0] ?? '', entry.slice(entry.indexOf('=') + 1)]));
