import { isUtf8 } from 'node:buffer';

// A byte that is no valid UTF-8 is carried as U+DC00 + byte, a lone low surrogate, which no valid
// UTF-8 decodes to: the way back is unambiguous (PEP 383, "surrogateescape").
const ESCAPE = 0xdc00;

/** The string that stands for a name's bytes: a name read with `encoding: 'buffer'`. */
export function pathFromBytes(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (isUtf8(buffer)) return buffer.toString('utf8');
  let text = '';
  for (let at = 0; at < buffer.length; ) {
    const length = sequenceLength(buffer, at);
    text +=
      length === 0
        ? String.fromCharCode(ESCAPE + (buffer[at] ?? 0))
        : buffer.toString('utf8', at, at + length);
    at += Math.max(1, length);
  }
  return text;
}

/** The bytes of a name. */
export function pathBytes(path: string): Buffer {
  if (path.isWellFormed()) return Buffer.from(path, 'utf8');
  const parts: Buffer[] = [];
  for (const character of path) {
    const code = character.charCodeAt(0);
    const escaped = character.length === 1 && code >= ESCAPE + 0x80 && code <= ESCAPE + 0xff;
    parts.push(escaped ? Buffer.of(code - ESCAPE) : Buffer.from(character, 'utf8'));
  }
  return Buffer.concat(parts);
}

/** The form in which Node's fs takes a name: the string, or its bytes when these are no valid UTF-8. */
export const fsPath = (path: string): string | Buffer => (path.isWellFormed() ? path : pathBytes(path));

/** Bytes of the valid UTF-8 sequence that starts there; 0: there is none. */
function sequenceLength(buffer: Buffer, at: number): number {
  const lead = buffer[at] ?? 0;
  const length = lead < 0x80 ? 1 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 0;
  if (length === 0 || at + length > buffer.length) return 0;
  return isUtf8(buffer.subarray(at, at + length)) ? length : 0;
}
