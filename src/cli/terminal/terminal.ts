import { fstatSync } from 'node:fs';
import type { ReadStream, WriteStream } from 'node:tty';

export interface TerminalSize {
  readonly rows: number;
  readonly columns: number;
}

/** Character devices of this major number are /dev/null, /dev/zero and the like. */
const MEMORY_DEVICES = 1;

/** True when the descriptor is a terminal. Node's tty module, slow to load, is asked only when it may be one. */
export async function isTerminal(fd: number): Promise<boolean> {
  try {
    const stat = fstatSync(fd);
    if (!stat.isCharacterDevice() || ((stat.rdev >> 8) & 0xfff) === MEMORY_DEVICES) return false;
  } catch {
    // A closed descriptor is no terminal.
    return false;
  }
  return (await import('node:tty')).isatty(fd);
}

/** Undefined when it is no terminal or does not know. */
export async function terminalSize(fd: number): Promise<TerminalSize | undefined> {
  if (!(await isTerminal(fd))) return undefined;
  const stream = fd === 2 ? process.stderr : process.stdout;
  const [columns, rows] = (stream as WriteStream).getWindowSize();
  return columns > 0 && rows > 0 ? { rows, columns } : undefined;
}

/** Hands keys on as they are typed, Ctrl-C included, and output as it is written, until disposed. */
export function rawMode(stdin: ReadStream): Disposable {
  stdin.setRawMode(true);
  keepOutput();
  // Whatever ends the process must give the user a sane terminal back.
  const restore = () => stdin.setRawMode(false);
  process.once('exit', restore);
  return {
    [Symbol.dispose]() {
      process.off('exit', restore);
      restore();
    },
  };
}

/**
 * Node's raw mode leaves the kernel's \n -> \r\n on, which garbles what a full-screen program draws: the far terminal
 * has done that already, where it was wanted. Leaving raw mode restores it, as all else.
 */
function keepOutput(): void {
  const { spawnSync } = process.getBuiltinModule('node:child_process');
  spawnSync('stty', ['-opost'], { stdio: ['inherit', 'ignore', 'ignore'] });
}
