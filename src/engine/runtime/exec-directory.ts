import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ExecOptions } from './exec.ts';

/** The files of one exec, below the bundle. */
export class ExecDirectory {
  readonly path: string;
  constructor(path: string) {
    this.path = path;
  }
  get process(): string {
    return join(this.path, 'process.json');
  }
  get runtimeLog(): string {
    return join(this.path, 'runtime.log');
  }
  get pid(): string {
    return join(this.path, 'pidfile');
  }
  get attachSocket(): string {
    return join(this.path, 'attach');
  }
  get control(): string {
    return join(this.path, 'ctl');
  }
  get conmonPid(): string {
    return join(this.path, 'conmon.pid');
  }
  write(options: ExecOptions): void {
    const [height, width] = options.size ?? [];
    const size = height && width ? { consoleSize: { height, width } } : {};
    mkdirSync(this.path, { recursive: true, mode: 0o700 });
    writeFileSync(this.process, JSON.stringify({ ...options.process, ...size, terminal: options.terminal }), {
      mode: 0o600,
    });
  }
}
