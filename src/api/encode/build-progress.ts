import type { Finding } from '#dockerfile';
import type { BuildEvent, PlannedLine, Step } from '#engine/build';
import type { ProgressMessage } from '#protocol';
import { findingsText } from './build-inspection.ts';

interface Shown {
  readonly output: string[];
  done: boolean;
  cached: boolean;
  result: string;
}

/**
 * A build as the classic builder tells it: `Step 2/5 : RUN make`, what it prints, ` ---> 8c811b4aec35`, one after the
 * other. Steps go on at the same time, so what one says waits until those before it are through.
 */
export class BuildProgress {
  readonly #write: (message: ProgressMessage) => void;
  readonly #shown = new Map<Step, Shown>();
  #lines: readonly PlannedLine[] = [];
  /** The line whose step is being told. */
  #at = -1;
  #last = '';
  readonly #findings: Finding[] = [];

  constructor(write: (message: ProgressMessage) => void) {
    this.#write = write;
  }

  /** For an `onEvent` option. */
  readonly add = (event: BuildEvent): void => {
    switch (event.type) {
      case 'planned':
        this.#lines = event.lines;
        return this.#next();
      case 'output': {
        const shown = this.#of(event.step);
        const text = event.data.toString();
        if (this.#lines[this.#at]?.step === event.step) this.#stream(text);
        else shown.output.push(text);
        return;
      }
      case 'done':
        Object.assign(this.#of(event.step), { done: true, cached: event.cached, result: event.result });
        return this.#next();
      case 'warning': {
        const { rule, message, lines } = event.warning;
        if (rule === 'UnusedBuildArgs') return this.#write({ stream: `[Warning] ${message}\n` });
        this.#findings.push({ rule, message, lines });
        return;
      }
      case 'status': {
        const { id, text, current, total } = event;
        const progressDetail = {
          ...(current !== undefined && { current }),
          ...(total !== undefined && { total }),
        };
        return this.#write({ status: text, id, progressDetail });
      }
      default:
    }
  };

  /** What the lint found, after everything else. */
  findings(): void {
    const text = findingsText(this.#findings);
    if (text !== '') this.#stream(text);
  }

  /** Tells the line that is due, and those after it that are through. */
  #next(): void {
    for (;;) {
      const line = this.#lines[this.#at];
      const shown = line?.step && this.#of(line.step);
      if (shown && !shown.done) return;
      if (line) this.#end(shown);
      if (this.#at + 1 >= this.#lines.length) return;
      this.#at++;
      this.#begin();
    }
  }

  #begin(): void {
    const line = this.#lines[this.#at];
    if (!line) return;
    this.#stream(`Step ${this.#at + 1}/${this.#lines.length} : ${line.text}\n`);
    for (const text of line.step ? this.#of(line.step).output.splice(0) : []) this.#stream(text);
  }

  #end(shown: Shown | undefined): void {
    if (shown?.cached) this.#stream(' ---> Using cache\n');
    if (shown?.result) this.#last = shown.result.replace(/^sha256:/, '').slice(0, 12);
    if (this.#last !== '') this.#stream(` ---> ${this.#last}\n`);
  }

  #of(step: Step): Shown {
    const known = this.#shown.get(step);
    if (known) return known;
    const shown: Shown = { output: [], done: false, cached: false, result: '' };
    this.#shown.set(step, shown);
    return shown;
  }

  #stream(text: string): void {
    this.#write({ stream: text });
  }
}
