import { type TerminalSize, terminalSize } from '../terminal/terminal.ts';

/** A process that has only just been asked for may not have its terminal yet. */
const ATTEMPTS = 5;
const RETRY_MS = 10;

/** Keeps the far terminal as large as ours. @param resize tells the daemon */
export function followSize(resize: (size: TerminalSize) => Promise<void>): Disposable {
  const send = async () => {
    const size = await terminalSize(1);
    if (size) await resize(size);
  };
  const onChange = () => {
    // The process may have ended meanwhile.
    send().catch(() => {});
  };
  void first(send);
  process.on('SIGWINCH', onChange);
  return { [Symbol.dispose]: () => void process.off('SIGWINCH', onChange) };
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
