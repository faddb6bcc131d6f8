import { readFileSync } from 'node:fs';
import type { ServerOptions } from 'node:https';
import { invalid, messageOf } from '#lib/errors';

export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
  readonly ca: string | undefined;
  /** Only clients with a certificate of `ca` may connect. */
  readonly verify: boolean;
}

/** @throws invalid when a file cannot be read */
export function tlsOptions({ cert, key, ca, verify }: TlsFiles): ServerOptions {
  return {
    cert: read(cert, 'certificate'),
    key: read(key, 'key'),
    ...(ca !== undefined && { ca: read(ca, 'CA certificate') }),
    requestCert: verify,
    rejectUnauthorized: verify,
    minVersion: 'TLSv1.2',
  };
}

function read(path: string, what: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw invalid(`could not read the TLS ${what}: ${messageOf(error)}`, error);
  }
}
