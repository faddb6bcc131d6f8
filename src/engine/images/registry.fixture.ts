import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

export interface TestRegistry {
  /** `127.0.0.1:port` */
  readonly host: string;
  /** Puts a docker archive there. */
  fill(archive: Buffer, name: string): void;
  /** Runs skopeo against it. */
  skopeo(...args: string[]): string;
}

/** Debian's docker-registry on a free loopback port, gone after the test. */
export async function startRegistry(context: TestContext): Promise<TestRegistry> {
  const home = mkdtempSync('/var/tmp/berth-registry-');
  const host = `127.0.0.1:${await freePort()}`;
  const config = `version: 0.1\nlog: {level: error, accesslog: {disabled: true}}\nstorage: {filesystem: {rootdirectory: ${home}/data}, delete: {enabled: true}}\nhttp: {addr: '${host}'}\n`;
  writeFileSync(join(home, 'config.yml'), config);
  const server = spawn('docker-registry', ['serve', join(home, 'config.yml')], { stdio: 'ignore' });
  const exited = once(server, 'exit');
  context.after(async () => {
    server.kill('SIGKILL');
    await exited;
    rmSync(home, { recursive: true, force: true });
  });
  for (let tries = 0; !(await answers(`http://${host}/v2/`)); tries++) {
    if (tries > 100) throw new Error('docker-registry does not answer');
    await sleep(50);
  }
  const skopeo = (...args: string[]) =>
    execFileSync('skopeo', ['--insecure-policy', ...args], { encoding: 'utf8' });
  return {
    host,
    skopeo,
    fill(archive, name) {
      const file = join(home, 'archive.tar');
      writeFileSync(file, archive);
      skopeo('copy', '-q', '--dest-tls-verify=false', `docker-archive:${file}`, `docker://${host}/${name}`);
    },
  };
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).ok;
  } catch {
    return false;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
