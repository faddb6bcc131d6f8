import { type Attributes, extraAttributes } from './attributes.ts';
import type { LogConfig } from './config.ts';
import type { LogSource } from './source.ts';
import { renderTag } from './tag.ts';

/** What `logs --details` shows before each line: the chosen labels and variables, and a tag that was asked for. */
export function logDetails({ options }: LogConfig, source: LogSource): Attributes {
  const tag = options['tag'] ? renderTag(options, source) : '';
  return { ...extraAttributes(options, source), ...(tag !== '' && { tag }) };
}
