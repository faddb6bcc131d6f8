import { existsSync } from 'node:fs';
import type { TlsFiles } from '#client';

const SYSTEM_SOCKET = '/run/berth/berthd.sock';

export type Environment = Readonly<Record<string, string | undefined>>;

/** What the user said about the daemon before the command's name. */
export interface HostFlags {
  readonly host: readonly string[];
  readonly tls: boolean;
  readonly tlsverify: boolean;
  readonly tlscacert: string;
  readonly tlscert: string;
  readonly tlskey: string;
}

/** `-H`, BERTH_HOST, DOCKER_HOST, the ordinary user's own daemon, the system's. */
export function hostOf(flags: Pick<HostFlags, 'host'>, env: Environment, uid: number): string {
  const said = flags.host.at(-1) || env['BERTH_HOST'] || env['DOCKER_HOST'];
  if (said) return said;
  const runtimeDirectory = env['XDG_RUNTIME_DIR'];
  if (uid !== 0 && runtimeDirectory) {
    const own = `${runtimeDirectory}/berth/berthd.sock`;
    if (existsSync(own)) return `unix://${own}`;
  }
  return `unix://${SYSTEM_SOCKET}`;
}

/** Undefined when TLS was not asked for. Certificates are `ca.pem cert.pem key.pem` in DOCKER_CERT_PATH or the config directory. */
export function tlsOf(flags: HostFlags, env: Environment, configDirectory: string): TlsFiles | undefined {
  const verify = flags.tlsverify || Boolean(env['DOCKER_TLS_VERIFY']);
  const wanted = verify || flags.tls || flags.tlscacert !== '' || flags.tlscert !== '' || flags.tlskey !== '';
  if (!wanted) return undefined;
  const directory = env['DOCKER_CERT_PATH'] || configDirectory;
  const file = (said: string, name: string) => {
    if (said !== '') return said;
    const path = `${directory}/${name}`;
    return existsSync(path) ? path : undefined;
  };
  const ca = file(flags.tlscacert, 'ca.pem');
  const cert = file(flags.tlscert, 'cert.pem');
  const key = file(flags.tlskey, 'key.pem');
  return { verify, ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
}
