import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** Debian's docker-registry on a free loopback port, with its storage in a scratch directory. */
export class DockerRegistry implements AsyncDisposable {
  readonly port: number;
  readonly #stop: () => Promise<void>;

  private constructor(port: number, stop: () => Promise<void>) {
    this.port = port;
    this.#stop = stop;
  }

  /** `sections` are more of its configuration: YAML. */
  static async start({ sections = '', tls = '' } = {}): Promise<DockerRegistry> {
    const directory = await mkdtemp(join(tmpdir(), 'berth-registry-'));
    const config = join(directory, 'config.yml');
    await writeFile(
      config,
      `version: 0.1\nlog:\n  level: info\nstorage:\n  filesystem:\n    rootdirectory: ${directory}\n  delete:\n    enabled: true\nhttp:\n  addr: 127.0.0.1:0\n${tls}\n${sections}\n`,
    );
    const child = spawn('docker-registry', ['serve', config], { stdio: ['ignore', 'ignore', 'pipe'] });
    const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    const stop = async (): Promise<void> => {
      child.kill('SIGKILL');
      await exited;
      await rm(directory, { recursive: true, force: true });
    };
    const said: string[] = [];
    for await (const line of createInterface(child.stderr)) {
      said.push(line);
      const port = /listening on 127\.0\.0\.1:(\d+)/.exec(line)?.[1];
      if (port === undefined) continue;
      child.stderr.resume();
      return new DockerRegistry(Number(port), stop);
    }
    await stop();
    throw new Error(`docker-registry does not start:\n${said.join('\n')}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stop();
  }
}
