import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { connect, getCACertificates, type TLSSocket } from 'node:tls';
import { invalid, messageOf } from '#lib/errors';

/** Paths of PEM files, and whether the receiver's certificate is checked. */
export interface TlsFiles {
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
  readonly skipVerify: boolean;
}

/** @throws invalid when a file cannot be read */
export function connectTls(
  { host, port }: { readonly host: string; readonly port: number },
  { ca, cert, key, skipVerify }: TlsFiles,
): TLSSocket {
  return connect({
    host,
    port,
    ...(isIP(host) === 0 && { servername: host }),
    rejectUnauthorized: !skipVerify,
    ca: ca ? read(ca) : [...new Set([...getCACertificates('default'), ...getCACertificates('system')])],
    ...(cert && key && { cert: read(cert), key: read(key) }),
    minVersion: 'TLSv1.2',
  });
}

function read(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw invalid(`could not read a TLS file of the log driver: ${messageOf(error)}`, error);
  }
}
