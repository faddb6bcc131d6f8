import { createHash } from 'node:crypto';
import { renameSync } from 'node:fs';

/**
 * File names are bytes, but the calls of #linux/files take text. What has another name is called something else
 * while they work on it: for trees that nobody else looks at yet.
 */
export class ByteNames {
  readonly #root: string;

  /** `root` ends in a slash. */
  constructor(root: string) {
    this.#root = root;
  }

  /** Does something to what is there. */
  change(place: string | Buffer, work: (place: string) => void): void {
    if (typeof place === 'string') {
      work(place);
      return;
    }
    const text = this.#textName(place);
    renameSync(place, text);
    try {
      work(text);
    } finally {
      renameSync(text, place);
    }
  }

  /** Makes something that is not there yet. */
  create(place: string | Buffer, work: (place: string) => void): void {
    const text = typeof place === 'string' ? place : this.#textName(place);
    work(text);
    if (text !== place) renameSync(text, place);
  }

  /** At the top of the tree, so that the way there is text too. */
  #textName(place: Buffer): string {
    return `${this.#root}.berth-${createHash('sha256').update(place).digest('hex')}`;
  }
}
