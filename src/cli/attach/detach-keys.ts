import { invalid } from '#lib/errors';

export const DEFAULT_DETACH_KEYS = 'ctrl-p,ctrl-q';

/** `ctrl-p,ctrl-q`, `ctrl-a,d`: the bytes a terminal sends for them. @throws invalid */
export function parseDetachKeys(text: string): Buffer {
  return Buffer.from(
    text.split(',').map((key) => {
      if (key.length === 1) return key.charCodeAt(0);
      const letter = /^ctrl-([a-z@[\\\]^_])$/i.exec(key)?.[1]?.toLowerCase();
      if (letter === undefined) throw invalid(`invalid detach keys (${text}): Unknown character: '${key}'`);
      return letter === '@' ? 0 : letter >= 'a' ? letter.charCodeAt(0) - 96 : letter.charCodeAt(0) - 64;
    }),
  );
}

/** Looks for the sequence in what is typed. Keys that may be its beginning are held back until the next one decides. */
export class DetachFilter {
  readonly #keys: Buffer;
  #matched = 0;

  constructor(keys: Buffer) {
    this.#keys = keys;
  }

  /** What to send on, and whether the sequence is complete. */
  push(typed: Buffer): { readonly send: Buffer; readonly detached: boolean } {
    if (this.#keys.length === 0) return { send: typed, detached: false };
    const send: number[] = [];
    for (const byte of typed) {
      if (byte !== this.#keys[this.#matched]) {
        send.push(...this.#keys.subarray(0, this.#matched));
        this.#matched = 0;
      }
      if (byte !== this.#keys[this.#matched]) send.push(byte);
      else if (++this.#matched === this.#keys.length) return { send: Buffer.from(send), detached: true };
    }
    return { send: Buffer.from(send), detached: false };
  }
}
