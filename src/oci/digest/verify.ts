import { createHash, type Hash } from 'node:crypto';
import { Transform, type TransformCallback } from 'node:stream';
import { BerthError } from '#lib/errors';
import { type Algorithm, algorithmOf, type Digest } from './digest.ts';

/** Content that is not what its descriptor says. Names both digests. */
export class DigestMismatchError extends BerthError {
  override readonly name = 'DigestMismatchError';
  readonly expected: Digest;
  readonly actual: Digest;

  constructor(expected: Digest, actual: Digest, what = 'content') {
    super('invalid', `${what} verification failed: expected digest ${expected}, got ${actual}`);
    this.expected = expected;
    this.actual = actual;
  }
}

/** Content longer or shorter than its descriptor says; raised as soon as it is too long. */
export class SizeMismatchError extends BerthError {
  override readonly name = 'SizeMismatchError';

  constructor(digest: Digest | undefined, expected: number, actual: number) {
    const what = digest ? `content of ${digest}` : 'content';
    super(
      'invalid',
      `${what} has the wrong size: expected ${expected} bytes, got ${actual}${actual > expected ? ' or more' : ''}`,
    );
  }
}

/** Hashes what is fed to it and counts the bytes. */
export class Hasher {
  readonly #algorithm: Algorithm;
  readonly #hash: Hash;
  #bytes = 0;
  #digest: Digest | undefined;

  constructor(algorithm: Algorithm = 'sha256') {
    this.#algorithm = algorithm;
    this.#hash = createHash(algorithm);
  }

  get bytes(): number {
    return this.#bytes;
  }

  update(chunk: Uint8Array): void {
    this.#hash.update(chunk);
    this.#bytes += chunk.length;
  }

  /** Ends the hash; further updates throw. */
  digest(): Digest {
    this.#digest ??= `${this.#algorithm}:${this.#hash.digest('hex')}`;
    return this.#digest;
  }
}

export interface Expectation {
  readonly digest: Digest;
  /** Bytes; checked when given. */
  readonly size?: number | undefined;
}

/** Passes `source` on and throws at its end unless it was what is expected; stops at once when it grows too long. */
export async function* verified(
  source: AsyncIterable<Uint8Array>,
  expected: Expectation,
): AsyncGenerator<Uint8Array, void> {
  const hasher = new Hasher(algorithmOf(expected.digest));
  for await (const chunk of source) {
    hasher.update(chunk);
    if (expected.size !== undefined && hasher.bytes > expected.size) {
      throw new SizeMismatchError(expected.digest, expected.size, hasher.bytes);
    }
    yield chunk;
  }
  check(hasher, expected);
}

/** @throws DigestMismatchError, SizeMismatchError */
export function verifyContent(content: Uint8Array, expected: Expectation): void {
  const hasher = new Hasher(algorithmOf(expected.digest));
  hasher.update(content);
  check(hasher, expected);
}

function check(hasher: Hasher, expected: Expectation): void {
  if (expected.size !== undefined && hasher.bytes !== expected.size) {
    throw new SizeMismatchError(expected.digest, expected.size, hasher.bytes);
  }
  const actual = hasher.digest();
  if (actual !== expected.digest) throw new DigestMismatchError(expected.digest, actual);
}

/**
 * A pass-through stream that hashes. After its end `digest()` and `bytes` tell what passed;
 * with an expectation the stream fails instead of ending when the content differs.
 */
export class DigestStream extends Transform {
  readonly #hasher: Hasher;
  readonly #expected: Expectation | undefined;

  constructor(
    expected?: Expectation,
    algorithm: Algorithm = expected ? algorithmOf(expected.digest) : 'sha256',
  ) {
    super();
    this.#hasher = new Hasher(algorithm);
    this.#expected = expected;
  }

  get bytes(): number {
    return this.#hasher.bytes;
  }

  digest(): Digest {
    return this.#hasher.digest();
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#hasher.update(chunk);
    const limit = this.#expected?.size;
    if (limit !== undefined && this.bytes > limit)
      done(new SizeMismatchError(this.#expected?.digest, limit, this.bytes));
    else done(null, chunk);
  }

  override _flush(done: TransformCallback): void {
    try {
      if (this.#expected) check(this.#hasher, this.#expected);
      done();
    } catch (error) {
      done(error instanceof Error ? error : new Error(String(error)));
    }
  }
}
