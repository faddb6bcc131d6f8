import { invalid } from '#lib/errors';

/** Where certificates lie, as `--tlscacert --tlscert --tlskey` name them. */
export interface TlsFiles {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /** Refuse a daemon whose certificate the CA did not sign. */
  readonly verify: boolean;
}

/** A daemon's address, parsed. */
export type Host =
  | { readonly kind: 'unix'; readonly path: string; readonly url: string }
  | {
      readonly kind: 'tcp';
      readonly address: string;
      readonly port: number;
      /** Put before every request path; '' or `/prefix`. */
      readonly prefix: string;
      readonly secure: boolean;
      readonly url: string;
    }
  | {
      readonly kind: 'ssh';
      readonly destination: string;
      readonly port: number | undefined;
      /** Socket on the far side; '' = its default. */
      readonly path: string;
      readonly url: string;
    };

const PLAIN_PORT = 2375;
const TLS_PORT = 2376;

/**
 * Reads `unix:///path`, `tcp://host:port`, `http(s)://host:port/prefix`, `ssh://user@host[:port][/socket]` or a bare
 * `host:port`, as Docker's `-H` does.
 * @throws invalid
 */
export function parseHost(text: string, options: { readonly tls?: boolean } = {}): Host {
  const trimmed = text.trim();
  const [, scheme = 'tcp', rest = ''] = /^(?:([a-z+]+):\/\/)?(.*)$/is.exec(trimmed) ?? [];
  switch (scheme.toLowerCase()) {
    case 'unix':
      if (rest.includes('://')) throw badHost(text);
      if (rest === '')
        throw invalid(
          `invalid host '${text}': a unix:// address needs a path (unix:///run/berth/berthd.sock)`,
        );
      return { kind: 'unix', path: rest, url: `unix://${rest}` };
    case 'tcp':
    case 'http':
    case 'https':
      return parseTcp(text, scheme.toLowerCase(), rest, options.tls ?? false);
    case 'ssh':
      return parseSsh(text, rest);
    default:
      throw badHost(text);
  }
}

function parseTcp(text: string, scheme: string, rest: string, tls: boolean): Host {
  const secure = scheme === 'https' || (scheme === 'tcp' && tls);
  const match = /^(\[[0-9a-f:.%]+\]|[^:/[\]\s]*)(?::(\d+))?(\/.*)?$/i.exec(rest);
  if (!match) throw badHost(text);
  const [, bracketed = '', port, path = ''] = match;
  const number = port === undefined ? (secure ? TLS_PORT : PLAIN_PORT) : Number(port);
  if (number < 1 || number > 65535) throw invalid(`invalid port in host '${text}'`);
  const shown = bracketed === '' ? 'localhost' : bracketed;
  const prefix = path.replace(/\/+$/, '');
  return {
    kind: 'tcp',
    address: shown.replace(/^\[|\]$/g, ''),
    port: number,
    prefix,
    secure,
    url: `tcp://${shown}:${number}${prefix}`,
  };
}

function parseSsh(text: string, rest: string): Host {
  const match = /^((?:[^@:/\s]+@)?(?:\[[0-9a-f:.%]+\]|[^@:/[\]\s]+))(?::(\d+))?(\/[\w./@+-]*)?$/i.exec(rest);
  // The path passes through the far shell: plain characters only. A destination that begins with a dash would be an option of ssh.
  if (!match?.[1] || match[1].startsWith('-')) throw badHost(text);
  return {
    kind: 'ssh',
    destination: match[1].replace(/[[\]]/g, ''),
    port: match[2] === undefined ? undefined : Number(match[2]),
    path: match[3] === '/' ? '' : (match[3] ?? ''),
    url: `ssh://${rest}`,
  };
}

const badHost = (text: string) =>
  invalid(`invalid host '${text}' (use unix:///path, tcp://host:port or ssh://user@host)`);
