import { ConnectionError } from '../errors.ts';

/** Header fields by lower-case name; repeated fields are joined by `, ` (RFC 9110, 5.3). */
export type Headers = ReadonlyMap<string, string>;

export interface ResponseHead {
  readonly status: number;
  readonly reason: string;
  /** 0 for HTTP/1.0, 1 for HTTP/1.1. */
  readonly minor: number;
  readonly headers: Headers;
}

/** Status line and header fields, without the empty line (RFC 9112, 2.1). @throws ConnectionError */
export function parseHead(text: string): ResponseHead {
  const [first = '', ...lines] = text.split(/\r?\n/);
  const status = /^HTTP\/1\.([01]) (\d{3})(?: (.*))?$/.exec(first);
  if (!status) {
    throw new ConnectionError(`the daemon does not speak HTTP/1.1: it answered '${first.slice(0, 80)}'`);
  }
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon <= 0)
      throw new ConnectionError(`malformed header field from the daemon: '${line.slice(0, 80)}'`);
    const name = line.slice(0, colon).trim().toLowerCase();
    const value = line.slice(colon + 1).trim();
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  return { status: Number(status[2]), reason: status[3] ?? '', minor: Number(status[1]), headers };
}

// A line break in a path or a field would let its author add header fields of their own.
const safe = (text: string): string => {
  // oxlint-disable-next-line no-control-regex
  if (/[\r\n\0]/.test(text))
    throw new ConnectionError(`a request must not contain line breaks: ${JSON.stringify(text)}`);
  return text;
};

/** Request line and header fields, with the empty line. */
export function formatRequestHead(
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>,
): string {
  if (/\s/.test(path)) throw new ConnectionError(`invalid request path: ${JSON.stringify(path)}`);
  let head = `${method} ${safe(path)} HTTP/1.1\r\n`;
  for (const [name, value] of Object.entries(headers)) head += `${name}: ${safe(value)}\r\n`;
  return `${head}\r\n`;
}
