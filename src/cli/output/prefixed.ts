import { Output } from './output.ts';

/** Output of one of several at a time: whole lines, each behind its name. No cursor is moved in it. */
export class PrefixedOutput extends Output {
  readonly #target: Output;
  readonly #prefix: string;
  #rest = '';

  constructor(target: Output, prefix: string) {
    // No descriptor of a terminal: nobody draws here.
    super(-1);
    this.#target = target;
    this.#prefix = prefix;
  }

  override write(data: string | Uint8Array): void {
    const lines = (this.#rest + (typeof data === 'string' ? data : Buffer.from(data).toString())).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#target.line(`${this.#prefix}${line}`);
  }

  /** What has no end of line yet. */
  end(): void {
    if (this.#rest !== '') this.write('\n');
  }
}
