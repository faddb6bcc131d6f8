import { spawn } from 'node:child_process';
import { Duplex, type Readable, type Writable } from 'node:stream';
import { ConnectionError } from '../errors.ts';
import type { Host } from '../host.ts';

/** Much more than any message of ssh's. */
const MAX_STDERR = 8 * 1024;

/** Two pipes as one two-way stream. */
class Pipes extends Duplex {
  readonly #in: Writable;
  readonly #out: Readable;

  constructor(stdin: Writable, stdout: Readable) {
    super({ allowHalfOpen: true });
    // Why it is closed, the end of the process tells better.
    this.#in = stdin.on('error', () => {});
    this.#out = stdout.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) stdout.pause();
    });
  }

  override _read(): void {
    this.#out.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#in.write(chunk, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#in.end(done);
  }
}

/** Runs `ssh destination berth system dial-stdio` and speaks through its stdin and stdout. */
export function dialSsh(host: Extract<Host, { kind: 'ssh' }>): Duplex {
  const port = host.port === undefined ? [] : ['-p', String(host.port)];
  const far = ['berth', ...(host.path ? ['-H', `unix://${host.path}`] : []), 'system', 'dial-stdio'];
  // A process group of its own: Ctrl-C is for the container, not for the tunnel.
  const child = spawn('ssh', ['-T', '-o', 'ConnectTimeout=30', ...port, '--', host.destination, ...far], {
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  });
  const channel = new Pipes(child.stdin, child.stdout);
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => {
    stderr = (stderr + chunk.toString()).slice(-MAX_STDERR);
  });
  child.on('error', (error) =>
    channel.destroy(new ConnectionError(`could not run ssh: ${error.message}`, error)),
  );
  // Not at the end of stdout: stderr may still have to say why.
  child.on('close', (code) => {
    const reason = stderr.trim() || `exit status ${code}`;
    if (code === 0) channel.push(null);
    else channel.destroy(new ConnectionError(`ssh to ${host.destination} failed: ${reason}`));
  });
  channel.on('close', () => child.kill());
  return channel;
}
