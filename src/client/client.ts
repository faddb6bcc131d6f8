import { Api } from './api.ts';
import { Archive } from './archive.ts';
import { BuildHistory } from './build-history.ts';
import { Checkpoints } from './checkpoints.ts';
import { Containers } from './containers.ts';
import { Events } from './events.ts';
import { Exec } from './exec.ts';
import { type Host, parseHost, type TlsFiles } from './host.ts';
import type { Channel } from './http/dial.ts';
import { Transport } from './http/transport.ts';
import { Images } from './images.ts';
import { Networks } from './networks.ts';
import { System } from './system.ts';
import { Volumes } from './volumes.ts';
import { Working } from './working.ts';

export interface ClientOptions {
  /** `unix:///run/berth/berthd.sock`, `tcp://host:2375`, `ssh://user@host`. */
  readonly host: string;
  /** Speak TLS to a tcp host, with these files. */
  readonly tls?: TlsFiles | undefined;
  /** Speak exactly this version of the API and do not negotiate. */
  readonly version?: string | undefined;
  readonly userAgent?: string | undefined;
}

/** A daemon, over Docker's Engine API. Nothing is sent until a method is called. */
export class Client implements Disposable {
  readonly host: Host;
  readonly containers: Containers;
  readonly working: Working;
  readonly checkpoints: Checkpoints;
  readonly archive: Archive;
  readonly exec: Exec;
  readonly images: Images;
  readonly volumes: Volumes;
  readonly networks: Networks;
  readonly system: System;
  readonly events: Events;
  readonly buildHistory: BuildHistory;
  readonly #api: Api;
  readonly #transport: Transport;

  /** @throws invalid when the host is none */
  constructor(options: ClientOptions) {
    this.host = parseHost(options.host, { tls: options.tls !== undefined });
    this.#transport = new Transport(this.host, options.tls);
    this.#api = new Api(this.#transport, options);
    this.containers = new Containers(this.#api);
    this.working = new Working(this.#api);
    this.checkpoints = new Checkpoints(this.#api);
    this.archive = new Archive(this.#api);
    this.exec = new Exec(this.#api);
    this.images = new Images(this.#api);
    this.volumes = new Volumes(this.#api);
    this.networks = new Networks(this.#api);
    this.system = new System(this.#api);
    this.events = new Events(this.#api);
    this.buildHistory = new BuildHistory(this.#api);
  }

  /** The version of the API spoken; a guess until the first answer. */
  get apiVersion(): string {
    return this.#api.version;
  }

  /** Asks the daemon for its version unless an answer has told it already. */
  negotiate(): Promise<string> {
    return this.#api.negotiated();
  }

  /** Opens connections ahead of calls that will go out side by side. */
  warm(connections: number): void {
    this.#transport.warm(connections);
  }

  /** A raw connection to the daemon, for those who speak HTTP themselves. */
  dial(signal?: AbortSignal): Promise<Channel> {
    return this.#transport.dial(signal);
  }

  [Symbol.dispose](): void {
    this.#transport[Symbol.dispose]();
  }
}
