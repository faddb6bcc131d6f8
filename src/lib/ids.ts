import { randomBytes } from 'node:crypto';

/** A new object id as Docker makes them: 64 lower-case hex digits. */
export function newId(): string {
  for (;;) {
    const id = randomBytes(32).toString('hex');
    // An id whose short form is all digits could be taken for a number by tools that read it.
    if (!/^\d+$/.test(id.slice(0, 12))) return id;
  }
}

/** The 12-digit form shown to people; accepts `sha256:` in front. */
export const shortId = (id: string): string => id.replace(/^sha256:/, '').slice(0, 12);

export const isId = (text: string): boolean => /^[0-9a-f]{64}$/.test(text);
