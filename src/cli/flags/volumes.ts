import { resolve } from 'node:path';
import { invalid } from '#lib/errors';

export interface VolumeFlags {
  /** `source:target[:options]`, relative sources made absolute. */
  readonly binds: readonly string[];
  /** Targets of anonymous volumes. */
  readonly anonymous: readonly string[];
}

/** Sorts `--volume` values into binds and anonymous volumes. @throws invalid */
export function collectVolumes(specs: readonly string[]): VolumeFlags {
  const binds: string[] = [];
  const anonymous: string[] = [];
  for (const spec of specs) {
    const parts = spec.split(':');
    const [source = '', target] = parts;
    if (spec === '' || parts.length > 3 || source === '')
      throw invalid(`invalid volume specification: '${spec}'`);
    if (target === undefined) anonymous.push(source);
    else binds.push([hostPath(source), ...parts.slice(1)].join(':'));
  }
  return { binds, anonymous };
}

/** `.` and `./x` are of the working directory; a bare word is a volume's name. */
const hostPath = (source: string) => (/^\.{1,2}(\/|$)/.test(source) ? resolve(source) : source);
