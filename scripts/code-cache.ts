import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';

/** Commands whose functions are worth having compiled: what people and scripts run all day. */
const COMMANDS = [
  ['version'],
  ['ps', '-a'],
  ['images'],
  ['exec', 'x', 'true'],
  ['run', '--rm', 'busybox', 'true'],
];

/** V8 takes no cache that was made under other flags. */
export async function flagsOfLauncher(): Promise<readonly string[]> {
  const launcher = await readFile('bin/berth', 'utf8');
  const flags = /^node_flags='(.+)'$/m.exec(launcher)?.[1];
  if (flags === undefined) throw new Error('bin/berth has no line node_flags=');
  return flags.split(' ');
}

/**
 * Runs the bundle's usual commands against a stand-in for the daemon, one after the other, each starting from the cache
 * of the one before: in the end V8's cache holds every function that they called, and no other.
 */
export async function makeCodeCache(bundle: string, cache: string, flags: readonly string[]): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'berth-build-'));
  const socket = join(directory, 'daemon.sock');
  const server = createServer(answer).on('upgrade', upgrade);
  try {
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    const growing = join(directory, 'cache');
    for (const command of COMMANDS)
      await warm([...flags, '--', runner, bundle, growing], ['-H', `unix://${socket}`, ...command]);
    await copyFile(growing, `${cache}.${process.pid}`);
    await rename(`${cache}.${process.pid}`, cache);
  } finally {
    server.close().closeAllConnections();
    await rm(directory, { recursive: true });
  }
}

const runner = join(import.meta.dirname, 'code-cache-run.ts');

function warm(node: readonly string[], argv: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [...node, ...argv], (error, _, stderr) => {
      if (error)
        reject(new Error(`making the code cache: berth ${argv.join(' ')}: ${stderr}`, { cause: error }));
      else resolve();
    });
  });
}

const ID = 'a'.repeat(64);

const ANSWERS: readonly (readonly [RegExp, unknown])[] = [
  [
    /\/version$/,
    {
      Version: '0',
      ApiVersion: '1.56',
      MinAPIVersion: '1.24',
      Platform: { Name: '' },
      Components: [],
      Os: 'linux',
      Arch: 'amd64',
    },
  ],
  [
    /\/containers\/json/,
    [
      {
        Id: ID,
        Names: ['/x'],
        Image: 'busybox',
        ImageID: ID,
        Command: 'sh',
        Created: 1,
        Ports: [{ PrivatePort: 80, PublicPort: 80, IP: '0.0.0.0', Type: 'tcp' }],
        Labels: { a: 'b' },
        State: 'running',
        Status: 'Up 1 second',
        NetworkSettings: { Networks: {} },
        Mounts: [],
      },
    ],
  ],
  [
    /\/images\/json/,
    [
      {
        Id: `sha256:${ID}`,
        RepoTags: ['busybox:latest'],
        RepoDigests: [],
        Created: 1,
        Size: 1000,
        SharedSize: -1,
        Containers: -1,
      },
    ],
  ],
  [/\/containers\/create/, { Id: ID, Warnings: [] }],
  [/\/wait/, { StatusCode: 0 }],
  [/\/containers\/x\/exec/, { Id: ID }],
  [/\/exec\/.*\/json/, { ExitCode: 0 }],
];

function answer({ url = '' }: IncomingMessage, response: ServerResponse): void {
  response.setHeader('Api-Version', '1.56');
  const found = ANSWERS.find(([route]) => route.test(url));
  if (found) response.setHeader('Content-Type', 'application/json').end(JSON.stringify(found[1]));
  else response.writeHead(204).end();
}

function upgrade(_: IncomingMessage, socket: Duplex): void {
  const frame = Buffer.from([1, 0, 0, 0, 0, 0, 0, 3, 0x68, 0x69, 0x0a]);
  socket.write(
    'HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.multiplexed-stream\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n',
  );
  socket.on('error', () => {}).end(frame);
}
