import type { Scenario } from '../../scenario.ts';
import { largeContext } from './large-context.ts';
import { stages } from './stages.ts';
import { steps } from './steps.ts';
import { wide } from './wide.ts';

/** Rows about building, by the names that `--rows` takes. `cache`: where a large context is kept. */
export const builds = (cache: string): Readonly<Record<string, Scenario>> => ({
  'build-stages': stages,
  'build-wide': wide,
  'build-steps': steps,
  'build-context': largeContext(cache),
});
