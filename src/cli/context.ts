import { Client, type TlsFiles } from '#client';
import { type ConfigFile, readConfigFile } from './config/file.ts';
import type { Environment } from './config/host.ts';
import { Output } from './output/output.ts';

export interface ContextOptions {
  readonly env: Environment;
  readonly host: string;
  readonly tls: TlsFiles | undefined;
  readonly configDirectory: string;
  readonly debug: boolean;
}

/** What a command works with: the daemon, the streams, the user's settings. Nothing is opened before it is used. */
export class Context {
  readonly out = new Output(1);
  readonly err = new Output(2);
  readonly env: Environment;
  readonly host: string;
  readonly configDirectory: string;
  readonly debug: boolean;
  readonly #tls: TlsFiles | undefined;
  #client: Client | undefined;
  #config: ConfigFile | undefined;

  constructor(options: ContextOptions) {
    this.env = options.env;
    this.host = options.host;
    this.configDirectory = options.configDirectory;
    this.debug = options.debug;
    this.#tls = options.tls;
  }

  get client(): Client {
    this.#client ??= new Client({
      host: this.host,
      tls: this.#tls,
      version: this.env['DOCKER_API_VERSION'] || undefined,
      userAgent: 'berth-cli',
    });
    return this.#client;
  }

  /** The user's config.json. */
  get config(): ConfigFile {
    this.#config ??= readConfigFile(this.configDirectory);
    return this.#config;
  }
}
