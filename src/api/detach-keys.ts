import { invalid } from '#lib/errors';

/** ctrl-p,ctrl-q */
export const DEFAULT_DETACH_KEYS: Uint8Array = Uint8Array.of(16, 17);

const CONTROL: Readonly<Record<string, number>> = { '@': 0, '[': 27, '\\': 28, ']': 29, '^': 30, _: 31 };

/**
 * The bytes of a key sequence: a comma separated list of single characters and `ctrl-<x>` with
 * x of a-z, @, [, \, ], ^, _. An empty text is the default.
 * @throws invalid
 */
export function parseDetachKeys(text: string): Uint8Array {
  if (text === '') return DEFAULT_DETACH_KEYS;
  return Uint8Array.from(text.split(','), (key) => {
    const code = keyCode(key);
    if (code === undefined)
      throw invalid(`Invalid detach keys (${text}) provided: Unknown character: '${key}'`);
    return code;
  });
}

function keyCode(key: string): number | undefined {
  if (key.length === 1) return key.charCodeAt(0) < 128 ? key.charCodeAt(0) : undefined;
  if (key === 'DEL') return 127;
  const [, name] = /^ctrl-(.)$/i.exec(key) ?? [];
  if (name === undefined) return undefined;
  return /[a-z]/i.test(name) ? name.toLowerCase().charCodeAt(0) - 96 : CONTROL[name];
}

/**
 * Looks for the sequence in what a user types, byte by byte, wherever the chunks are cut. Bytes that may
 * be the beginning of it are held back until they turn out not to be.
 */
export class DetachFilter {
  readonly #keys: Uint8Array;
  /** Per number of matched keys: how many still match after the next one did not (Knuth-Morris-Pratt). */
  readonly #fallback: readonly number[];
  #matched = 0;

  constructor(keys: Uint8Array) {
    this.#keys = keys;
    this.#fallback = fallbacks(keys);
  }

  /** What goes on to the program, and whether the user detached; what follows the sequence is dropped. */
  push(chunk: Uint8Array): { readonly pass: Buffer; readonly detached: boolean } {
    const pass: number[] = [];
    for (const byte of chunk) {
      while (this.#matched > 0 && byte !== this.#keys[this.#matched]) {
        const kept = this.#fallback[this.#matched] ?? 0;
        pass.push(...this.#keys.subarray(0, this.#matched - kept));
        this.#matched = kept;
      }
      if (byte === this.#keys[this.#matched]) this.#matched++;
      else pass.push(byte);
      if (this.#matched === this.#keys.length) return { pass: Buffer.from(pass), detached: true };
    }
    return { pass: Buffer.from(pass), detached: false };
  }

  /** The input ended: what was held back belongs to the program after all. */
  flush(): Buffer {
    const held = Buffer.from(this.#keys.subarray(0, this.#matched));
    this.#matched = 0;
    return held;
  }
}

function fallbacks(keys: Uint8Array): number[] {
  const result = [0, 0];
  let length = 0;
  for (let index = 1; index < keys.length; index++) {
    while (length > 0 && keys[index] !== keys[length]) length = result[length] ?? 0;
    if (keys[index] === keys[length]) length++;
    result.push(length);
  }
  return result;
}
