import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { codeOf, invalid, messageOf } from '#lib/errors';
import type { HostSettings, RegistryHost, RemoteOptions } from '#oci/remote';

type Reached = Pick<RemoteOptions, 'hosts' | 'server' | 'ca' | 'cert' | 'key'>;

/**
 * What a directory says of how a registry is reached: `<directory>/<host:port>/` has containerd's hosts.toml, or
 * Docker's certificates (`*.crt` of authorities, `*.cert` and `*.key` of clients). The first directory counts that
 * has something of the registry. Read anew each time. @throws invalid, which names the file
 */
export async function reachedBy(
  directories: readonly string[],
  domain: string,
  insecure: boolean,
): Promise<Reached> {
  for (const directory of directories) {
    for (const name of namesOf(domain)) {
      const folder = join(directory, name);
      const files = await filesIn(folder);
      if (files.includes('hosts.toml')) return hostsIn(folder, { domain, insecure, own: name !== DEFAULT });
      if (files.length > 0) return certificatesIn(folder, files);
    }
  }
  return {};
}

const DEFAULT = '_default';

/** In containerd's order: a colon is no character for names of files everywhere. */
const namesOf = (domain: string): string[] => [domain.replace(/:(\d+)$/, '_$1_'), domain, DEFAULT];

async function filesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).toSorted();
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return [];
    throw invalid(`cannot read ${folder}: ${messageOf(error)}`, error);
  }
}

async function hostsIn(
  folder: string,
  registry: { readonly domain: string; readonly insecure: boolean; readonly own: boolean },
): Promise<Reached> {
  const path = join(folder, 'hosts.toml');
  const { apiHostOf, isLoopback, parseHostsFile } = await import('#oci/remote');
  const text = (await readIn(path)).toString();
  const read = async (settings: HostSettings, url: string, trusted: boolean): Promise<RegistryHost> => ({
    ...(await hostOf(folder, settings)),
    url,
    trusted,
    insecure: settings.skipVerify || (trusted && registry.insecure),
  });
  try {
    const { hosts, server } = parseHostsFile(text);
    const local = isLoopback(registry.domain.replace(/:\d+$/, ''));
    const itself = `${local ? 'http' : 'https'}://${apiHostOf(registry.domain)}`;
    return {
      hosts: await Promise.all(hosts.map((host) => read(host, host.url ?? '', false))),
      // One for all registries is no reason to show it everybody's credentials.
      server: await read(server, server.url ?? itself, registry.own),
    };
  } catch (error) {
    throw invalid(`${path}: ${messageOf(error)}`, error);
  }
}

async function hostOf(
  folder: string,
  settings: HostSettings,
): Promise<Omit<RegistryHost, 'url' | 'insecure'>> {
  const { capabilities, headers, overridePath, dialTimeout, proxy, ca, client } = settings;
  const authorities = await Promise.all(ca.map((path) => readIn(resolve(folder, path))));
  // Node shows one certificate; a server that takes several takes the first.
  const [first] = client;
  const cert = first && (await readIn(resolve(folder, first.cert)));
  const key = first?.key === undefined ? cert : await readIn(resolve(folder, first.key));
  return {
    capabilities,
    headers,
    overridePath,
    ...(authorities.length > 0 && { ca: Buffer.concat(authorities.flatMap(withLineEnd)) }),
    ...(cert && { cert, key }),
    ...(dialTimeout !== undefined && { connectTimeout: dialTimeout }),
    ...(proxy !== undefined && { proxy }),
  };
}

/** Docker's rules for `certs.d`. */
async function certificatesIn(folder: string, files: readonly string[]): Promise<Reached> {
  const read = (name: string) => readIn(join(folder, name));
  const authorities = await Promise.all(files.filter((name) => name.endsWith('.crt')).map(read));
  const certificate = files.find((name) => name.endsWith('.cert'));
  const keyName = certificate?.replace(/\.cert$/, '.key');
  if (keyName !== undefined && !files.includes(keyName))
    throw invalid(`missing key ${keyName} for client certificate ${certificate} in ${folder}`);
  const key = files.find((name) => name.endsWith('.key') && !files.includes(name.replace(/\.key$/, '.cert')));
  if (key !== undefined)
    throw invalid(`missing client certificate ${key.replace(/\.key$/, '.cert')} for key ${key} in ${folder}`);
  return {
    ...(authorities.length > 0 && { ca: Buffer.concat(authorities.flatMap(withLineEnd)) }),
    ...(certificate && keyName && { cert: await read(certificate), key: await read(keyName) }),
  };
}

const withLineEnd = (pem: Buffer): Buffer[] => [pem, Buffer.from('\n')];

async function readIn(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw invalid(`cannot read ${path}: ${messageOf(error)}`, error);
  }
}
