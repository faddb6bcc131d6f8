import type { Warning } from './plan/options.ts';
import type { PlannedLine } from './plan/stage.ts';
import type { Step } from './step.ts';

/** What happens during a build, as it happens. */
export type BuildEvent =
  /** What will be done, in the order of the Dockerfile. */
  | { readonly type: 'planned'; readonly lines: readonly PlannedLine[] }
  | { readonly type: 'started'; readonly step: Step }
  | {
      readonly type: 'output';
      readonly step: Step;
      readonly stream: 'stdout' | 'stderr';
      readonly data: Buffer;
    }
  | { readonly type: 'done'; readonly step: Step; readonly cached: boolean; readonly result: string }
  | { readonly type: 'failed'; readonly step: Step; readonly error: Error }
  | { readonly type: 'warning'; readonly warning: Warning }
  /** Something beside the steps: a base image that is pulled, an export. */
  | {
      readonly type: 'status';
      readonly id: string;
      readonly text: string;
      readonly current?: number;
      readonly total?: number;
    };

export type OnBuildEvent = (event: BuildEvent) => void;
