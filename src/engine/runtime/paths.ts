import { join } from 'node:path';

/** Where things are below the exec root. All of it is named after the container: two daemons never meet. */
export class Paths {
  readonly root: string;
  constructor(root: string) {
    this.root = root;
  }
  get bundles(): string {
    return join(this.root, 'bundles');
  }
  bundle(id: string): string {
    return join(this.bundles, id);
  }
  /** conmon writes `<exits>/<id>`. */
  get exits(): string {
    return join(this.root, 'exits');
  }
  /** The runtimes' own --root. */
  get states(): string {
    return join(this.root, 'runtime');
  }
  state(id: string): string {
    return join(this.states, id);
  }
  /** Bind sources, made visible to the spawner's mount namespace. */
  get stages(): string {
    return join(this.root, 'stage');
  }
  stage(id: string): string {
    return join(this.stages, id);
  }
  /** Sockets on which terminals arrive; short names, as an address has room for 107 bytes. */
  get consoles(): string {
    return join(this.root, 'tty');
  }
  /** Symbolic links to the runtimes' copies in our memory. */
  get sealed(): string {
    return join(this.root, 'sealed');
  }
  /** One file per cgroup that did not exist before our containers. */
  get cgroups(): string {
    return join(this.root, 'cgroups');
  }
}
