import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { isWithin, parseCidr } from '#lib/cidr';
import { Semaphore } from '#lib/lock';
import type { RemoteOptions } from '#oci/remote';
import { reachedBy } from './registry-directory.ts';

/** How registries are reached, and how much at a time. */
export interface RegistrySettings {
  /** Hosts, with their port, and CIDRs. */
  readonly insecureRegistries: readonly string[];
  readonly registryMirrors: readonly string[];
  /** Of layers, of all pulls together. */
  readonly maxConcurrentDownloads: number;
  readonly maxConcurrentUploads: number;
  /** Of each download, in a row without a byte between them. */
  readonly maxDownloadAttempts: number;
  /** Undefined: those of the environment. */
  readonly proxies: RemoteOptions['proxies'];
  /** Directories with hosts.toml and certificates by registry; the first that has something counts. */
  readonly directories: readonly string[];
}

export type ConnectionOptions = Pick<
  RemoteOptions,
  'insecure' | 'proxies' | 'downloadAttempts' | 'hosts' | 'server' | 'ca' | 'cert' | 'key'
>;

/** Docker's. */
export const DEFAULT_REGISTRIES: RegistrySettings = {
  insecureRegistries: [],
  registryMirrors: [],
  maxConcurrentDownloads: 3,
  maxConcurrentUploads: 5,
  maxDownloadAttempts: 5,
  proxies: undefined,
  directories: [],
};

/** The settings in force, which may change while the engine runs. */
export class Registries {
  #settings: RegistrySettings;
  readonly downloads: Semaphore;
  readonly uploads: Semaphore;

  constructor(settings: RegistrySettings) {
    this.#settings = settings;
    this.downloads = new Semaphore(settings.maxConcurrentDownloads);
    this.uploads = new Semaphore(settings.maxConcurrentUploads);
  }

  /** What is under way goes on as it began. */
  configure(settings: RegistrySettings): void {
    this.#settings = settings;
    this.downloads.resize(settings.maxConcurrentDownloads);
    this.uploads.resize(settings.maxConcurrentUploads);
  }

  get mirrors(): readonly string[] {
    return this.#settings.registryMirrors;
  }

  /** What a connection to a registry is made with. @throws invalid when its directory has something wrong */
  async optionsFor(domain: string): Promise<ConnectionOptions> {
    const { insecureRegistries, proxies, maxDownloadAttempts, directories } = this.#settings;
    const insecure = await isInsecure(domain, insecureRegistries);
    return {
      insecure,
      proxies,
      downloadAttempts: maxDownloadAttempts,
      ...(await reachedBy(directories, domain, insecure)),
    };
  }
}

/** Named, or at an address of a CIDR that is. */
async function isInsecure(domain: string, insecure: readonly string[]): Promise<boolean> {
  if (insecure.includes(domain)) return true;
  const networks = insecure.map(parseCidr).filter((network) => network !== undefined);
  if (networks.length === 0) return false;
  const host = domain.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
  const addresses = isIP(host) ? [host] : await addressesOf(host);
  return addresses.some((address) => networks.some((network) => isWithin(address, network)));
}

async function addressesOf(host: string): Promise<string[]> {
  try {
    return (await lookup(host, { all: true })).map(({ address }) => address);
  } catch {
    // The connection will say it better.
    return [];
  }
}
