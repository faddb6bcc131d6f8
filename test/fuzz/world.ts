import { setTimeout as sleep } from 'node:timers/promises';
import { Daemon, eventually } from '../fixtures/daemon.ts';

interface Listed {
  readonly Id: string;
  readonly Names: readonly string[];
  readonly State: string;
}

interface Image {
  readonly Id: string;
  readonly RepoTags: readonly string[];
}
interface Volumes {
  readonly Volumes: readonly { readonly Name: string }[];
}
interface Network {
  readonly Id: string;
  readonly Name: string;
}

/** The containers that attacks find, by name. */
const STATES = [
  ['running', 'running'],
  ['paused', 'paused'],
  ['stopped', 'exited'],
] as const;

/** What the attacks find: a container in each state, an exec, a volume, a network and two names of an image. */
export class World {
  readonly daemon: Daemon;
  exec = '';

  private constructor(daemon: Daemon) {
    this.daemon = daemon;
  }

  static async make(daemon: Daemon): Promise<World> {
    const world = new World(daemon);
    await daemon.importBusybox('keep:1');
    await world.restore();
    return world;
  }

  /** Puts back what an attack took away; what it set going may end while that is done. */
  async restore(): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#restore();
        return;
      } catch (error) {
        if (attempt === 5 || !(error instanceof Error) || !/: 40[49] /.test(error.message)) throw error;
        await sleep(50);
      }
    }
  }

  async #restore(): Promise<void> {
    const { daemon } = this;
    const tags = new Set(
      (await this.#get<Image[]>('/images/json?all=1')).flatMap(({ RepoTags }) => RepoTags),
    );
    if (!tags.has('keep:1')) await daemon.importBusybox('keep:1');
    if (!tags.has('busybox:latest')) await this.#done('POST', '/images/keep:1/tag?repo=busybox&tag=latest');
    await this.#done('POST', '/volumes/create', { Name: 'vol' });
    const networks = await this.#get<Network[]>('/networks?filters={"name":["^net$"]}');
    if (networks.length === 0) await this.#done('POST', '/networks/create', { Name: 'net' });
    const containers = await this.containers();
    for (const [name, state] of STATES) await this.#put(containers, name, state);
    const exec = { Cmd: ['cat'], AttachStdin: true };
    this.exec = ((await this.#done('POST', '/containers/running/exec', exec)) as { readonly Id: string }).Id;
  }

  async #put(containers: readonly Listed[], name: string, state: string): Promise<void> {
    const found = containers.find(({ Names }) => Names.includes(`/${name}`));
    if (found?.State === state) return;
    if (found) await this.#delete(`/containers/${found.Id}?force=1`);
    const HostConfig = { Init: true, Binds: ['vol:/data'] };
    const Cmd = state === 'exited' ? ['true'] : ['sleep', '100000'];
    await this.#done('POST', `/containers/create?name=${name}`, { Image: 'keep:1', Cmd, HostConfig });
    await this.#done('POST', `/containers/${name}/start`);
    if (state === 'paused') await this.#done('POST', `/containers/${name}/pause`);
    if (state === 'exited') await this.#done('POST', `/containers/${name}/wait`);
  }

  async #get<T>(path: string): Promise<T> {
    return (await this.#done('GET', path)) as T;
  }

  async #done(method: string, path: string, body?: unknown): Promise<unknown> {
    const answer = await this.daemon.request(method, path, body);
    if (answer.status < 400) return answer.json;
    throw new Error(`${method} ${path}: ${answer.status} ${answer.body}`);
  }

  async containers(): Promise<readonly Listed[]> {
    return this.#get<Listed[]>('/containers/json?all=1');
  }

  /** How many objects of each kind there are: what a refused request must not change. */
  async census(): Promise<string> {
    const [containers, { Volumes }, networks, images] = await Promise.all([
      this.containers(),
      this.#get<Volumes>('/volumes'),
      this.#get<Network[]>('/networks'),
      this.#get<Image[]>('/images/json?all=1'),
    ]);
    return `${containers.length} containers, ${Volumes.length} volumes, ${networks.length} networks, ${images.length} images`;
  }

  /** Removes what attacks made, whatever it is called. */
  async sweep(): Promise<void> {
    const kept = STATES.map(([name]) => `/${name}`);
    for (const { Id, Names } of await this.containers()) {
      if (!Names.some((name) => kept.includes(name))) await this.#delete(`/containers/${Id}?force=1&v=1`);
    }
    for (const { Name } of (await this.#get<Volumes>('/volumes')).Volumes) {
      if (Name !== 'vol') await this.#delete(`/volumes/${encodeURIComponent(Name)}`);
    }
    for (const { Id, Name } of await this.#get<Network[]>('/networks?filters={"type":["custom"]}')) {
      if (Name !== 'net') await this.#delete(`/networks/${Id}`);
    }
    for (const { Id, RepoTags } of await this.#get<Image[]>('/images/json?all=1')) {
      const ours = RepoTags.some((tag) => tag === 'keep:1' || tag === 'busybox:latest');
      if (!ours) await this.#delete(`/images/${Id}?force=1`);
    }
  }

  /** What cannot be removed is a finding of its own. */
  async #delete(path: string): Promise<void> {
    let last = '';
    await eventually(`DELETE ${path}`, async () => {
      const { status, body } = await this.daemon.request('DELETE', path);
      last = `${status} ${body}`;
      return status === 200 || status === 204 || status === 404 || status === 409;
    }).catch((error: unknown) => {
      throw new Error(`what an attack made cannot be removed: ${last}`, { cause: error });
    });
  }
}
