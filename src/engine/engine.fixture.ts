import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { pack } from 'tar-stream';
import type { ContainerConfig, CreateRequest, ExecConfig, OutputRecord } from '#engine/containers';
import type { EngineEvent } from '#engine/events';
import type { Logger } from '#lib/log';
import { nowNano } from '#lib/time';
import { Engine } from './engine.ts';
import type { EngineOptions } from './engine-options.ts';

/** Roots of a test's own, removed with all that is in them. */
export class Roots implements Disposable {
  readonly path = mkdtempSync('/tmp/engine-');
  readonly dataRoot = join(this.path, 'data');
  readonly execRoot = join(this.path, 'exec');

  open(options: Partial<EngineOptions> = {}): Promise<Engine> {
    return Engine.open({
      dataRoot: this.dataRoot,
      execRoot: this.execRoot,
      log: complaints,
      sandboxPool: 1,
      ...options,
    });
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true, maxRetries: 30, retryDelay: 100 });
  }
}

/** Whatever the engine complains about is worth reading in a test's output. */
const complain = (message: string, fields?: object) => console.error(message, fields ?? '');
const complaints: Logger = { debug() {}, info() {}, warn: complain, error: complain };

/** An engine for all tests of a file, with busybox in it; it closes after them. */
export async function engineWithBusybox(roots = new Roots()): Promise<Engine> {
  const engine = await roots.open();
  after(async () => {
    await engine.containers.prune({});
    await engine.close();
    roots[Symbol.dispose]();
  });
  await importBusybox(engine);
  return engine;
}

/** An image of Debian's busybox-static with users, a volume's content and a link or two. */
export async function importBusybox(engine: Engine): Promise<void> {
  const applets = execFileSync('/bin/busybox', ['--list'], { encoding: 'utf8' }).trim().split('\n');
  const tar = pack();
  for (const name of ['bin', 'etc', 'tmp', 'root', 'home', 'data', 'sbin', 'dev', 'proc', 'sys']) {
    tar.entry({ name: `${name}/`, type: 'directory', mode: name === 'tmp' ? 0o1777 : 0o755 });
  }
  tar.entry({ name: 'bin/busybox', mode: 0o755 }, readFileSync('/bin/busybox'));
  for (const applet of applets) {
    if (applet !== 'busybox') tar.entry({ name: `bin/${applet}`, type: 'symlink', linkname: 'busybox' });
  }
  tar.entry({ name: 'etc/passwd' }, 'root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000::/home:/bin/sh\n');
  tar.entry({ name: 'etc/group' }, 'root:x:0:\napp:x:1000:\nwheel:x:10:app\n');
  tar.entry({ name: 'etc/notexecutable', mode: 0o644 }, 'no\n');
  tar.entry({ name: 'data/seed', mode: 0o640, uid: 1000, gid: 1000 }, 'from the image\n');
  tar.finalize();
  await engine.images.import(Readable.from(tar), {
    reference: 'busybox:latest',
    changes: ['ENV PATH=/bin', 'CMD ["sh"]'],
  });
}

export interface Outcome {
  readonly id: string;
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Creates, attaches, starts and waits, as `docker run` does. @throws what create or start throw */
export async function run(engine: Engine, create: CreateRequest, input?: string): Promise<Outcome> {
  const { id } = await engine.containers.create(create);
  const ended = engine.containers.wait(id, create.hostConfig?.autoRemove ? 'removed' : 'next-exit');
  const stdin = input !== undefined;
  await using client = await engine.containers.attach(id, {
    stdin,
    stdout: true,
    stderr: true,
    logs: false,
    stream: true,
  });
  const output: Promise<OutputRecord[]> = client.output.toArray();
  await engine.containers.start(id);
  client.stdin?.end(input);
  const { exitCode } = await ended;
  const records = await output;
  return { id, exitCode, stdout: textOf(records, 'stdout'), stderr: textOf(records, 'stderr') };
}

export const textOf = (records: readonly OutputRecord[], stream: OutputRecord['stream']): string =>
  Buffer.concat(records.filter((record) => record.stream === stream).map(({ data }) => data)).toString();

/** Runs a command in a container and waits for it. */
export async function exec(
  engine: Engine,
  reference: string,
  cmd: readonly string[],
  config: Partial<ExecConfig> = {},
  input?: string,
): Promise<Omit<Outcome, 'id'>> {
  const execId = await engine.containers.createExec(reference, {
    cmd,
    attachStdin: input !== undefined,
    ...config,
  });
  await using session = await engine.containers.startExec(execId, { detach: false });
  if (!session) throw new Error('the exec was detached');
  const output: Promise<OutputRecord[]> = session.output.toArray();
  session.stdin?.end(input);
  const exitCode = await session.exited;
  const records = await output;
  return { exitCode, stdout: textOf(records, 'stdout'), stderr: textOf(records, 'stderr') };
}

/** Waits until something is true that becomes true by itself. */
export async function eventually(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`not in 20 seconds: ${what}`);
    await sleep(10);
  }
}

/** Actions of one container's events so far, in order. */
export async function actionsOf(engine: Engine, id: string): Promise<string[]> {
  const actions: string[] = [];
  const query = { since: 0n, until: nowNano(), matches: (event: EngineEvent) => event.actor.id === id };
  for await (const { type, action } of engine.events.subscribe(query, new AbortController().signal)) {
    if (type === 'container') actions.push(action);
  }
  return actions;
}

/** A command in busybox. */
export function request(
  cmd: readonly string[],
  config: Partial<ContainerConfig> = {},
  hostConfig: CreateRequest['hostConfig'] = {},
  rest: Partial<Pick<CreateRequest, 'name' | 'endpoints'>> = {},
): CreateRequest {
  return { config: { image: 'busybox', cmd, ...config }, hostConfig, ...rest };
}
