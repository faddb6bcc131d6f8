import { type TerminalSize, terminalSize } from '../terminal/terminal.ts';

/** A process that has only just been asked for may not have its terminal yet. */
const ATTEMPTS = 5;
const RETRY_MS = 10;

export interface FollowOptions {
  /** The process has been running: let it draw its screen. */
  readonly redraw?: boolean;
}

/** Keeps the far terminal as large as ours. @param resize tells the daemon */
export function followSize(
  resize: (size: TerminalSize) => Promise<void>,
  options: FollowOptions = {},
): Disposable {
  const send = async () => {
    const size = await terminalSize(1);
    if (size) await resize(size);
  };
  const onChange = () => {
    // The process may have ended meanwhile.
    send().catch(() => {});
  };
  void first(options.redraw ? () => redraw(resize).then(send) : send);
  process.on('SIGWINCH', onChange);
  return { [Symbol.dispose]: () => void process.off('SIGWINCH', onChange) };
}

/** A size that changes makes shells and editors draw themselves anew for whoever has just attached. */
async function redraw(resize: (size: TerminalSize) => Promise<void>): Promise<void> {
  const size = await terminalSize(1);
  if (size) await resize({ rows: size.rows + 1, columns: size.columns + 1 });
}

async function first(send: () => Promise<void>): Promise<void> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    try {
      return await send();
    } catch {
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS * attempt));
    }
  }
}
